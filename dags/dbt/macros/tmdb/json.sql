{#- What only TMDb's JSON needs; the rest is in macros/json.sql. -#}

{#- An amount of money or a runtime: TMDb writes 0 where it does not know. -#}
{% macro json_amount(value, type='bigint') -%}
    (case
        when {{ value }} ~ '^[0-9]*[1-9][0-9]*([.]0+)?$' and pg_input_is_valid(split_part({{ value }}, '.', 1), '{{ type }}')
            then split_part({{ value }}, '.', 1)
    end)::{{ type }}
{%- endmacro %}

{#- A day of release or on air; one in an impossible year is NULL. -#}
{% macro json_air_date(value) -%}
    (case
        when {{ value }} ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' and pg_input_is_valid({{ value }}, 'date')
            and left({{ value }}, 4)::integer between {{ var('tmdb_first_year') }} and {{ var('tmdb_last_year') }}
            then {{ value }}
    end)::date
{%- endmacro %}

{#-
    Joins a JSON array of objects as one array per value, all in the order of the answer, in a
    relation `name`. values: name -> expression over element.value. The first value is the key: of
    elements with the same one the first stays. Elements without one of the `required` values are
    left out.
-#}
{% macro join_arrays(name, list, values, required) -%}
    cross join lateral (
        select
            {%- for value in values %}
            array_agg(listed.{{ value }} order by listed.place) as {{ value }}{{ ',' if not loop.last }}
            {%- endfor %}
        from (
            select distinct on (elements.{{ values | first }})
                {%- for value in values %}
                elements.{{ value }},
                {%- endfor %}
                elements.place
            from (
                select
                    {%- for value, expression in values.items() %}
                    {{ expression }} as {{ value }},
                    {%- endfor %}
                    element.place
                from {{ json_elements(list) }} with ordinality as element (value, place)
            ) as elements
            where {% for value in required %}{{ 'and ' if not loop.first }}elements.{{ value }} is not null {% endfor %}
            order by elements.{{ values | first }}, elements.place
        ) as listed
    ) as {{ name }}
{%- endmacro %}

{#- Objects with id and name, such as genres, as the arrays <one>_ids and <one>_names of a relation. -#}
{% macro join_named(name, list, one, more={}) -%}
    {%- set values = {
        one ~ '_ids': json_integer("(element.value ->> 'id')"),
        one ~ '_names': "nullif(element.value ->> 'name', '')",
    } -%}
    {%- do values.update(more) -%}
    {{- join_arrays(name, list, values, [one ~ '_ids', one ~ '_names']) -}}
{%- endmacro %}

{#- Objects with a code, such as countries, or plain strings, as the array <name> of a relation <name>. -#}
{% macro join_codes(name, list, key=none) -%}
    {%- set value = "element.value ->> '" ~ key ~ "'" if key else "element.value #>> '{}'" -%}
    {{- join_arrays(name, list, {name: "nullif(" ~ value ~ ", '')"}, [name]) -}}
{%- endmacro %}

{#- A list of strings whose order has no meaning, as the array <column> of a relation, sorted. -#}
{% macro join_sorted(name, list, column) -%}
    cross join lateral (
        select array_agg(distinct (element.value #>> '{}') collate "C")
            filter (where element.value #>> '{}' <> '') as {{ column }}
        from {{ json_elements(list) }} as element (value)
    ) as {{ name }}
{%- endmacro %}
