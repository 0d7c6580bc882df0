{#-
    TMDb's JSON as typed columns. What does not parse becomes NULL and never fails a build. A body is
    read once per model, by jsonb_to_record with text columns, which take any JSON value.
-#}

{#- A whole number, 12 or 12.0, as bigint. -#}
{% macro json_integer(value) -%}
    (case
        when {{ value }} ~ '^-?[0-9]+([.]0+)?$' and pg_input_is_valid(split_part({{ value }}, '.', 1), 'bigint')
            then split_part({{ value }}, '.', 1)
    end)::bigint
{%- endmacro %}

{#- An amount of money or a runtime: TMDb writes 0 where it does not know. -#}
{% macro json_amount(value, type='bigint') -%}
    (case
        when {{ value }} ~ '^[0-9]*[1-9][0-9]*([.]0+)?$' and pg_input_is_valid(split_part({{ value }}, '.', 1), '{{ type }}')
            then split_part({{ value }}, '.', 1)
    end)::{{ type }}
{%- endmacro %}

{#- A day as YYYY-MM-DD. -#}
{% macro json_date(value) -%}
    (case
        when {{ value }} ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' and pg_input_is_valid({{ value }}, 'date') then {{ value }}
    end)::date
{%- endmacro %}

{#- A day of release or on air; one in an impossible year is NULL. -#}
{% macro json_air_date(value) -%}
    (case
        when {{ value }} ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' and pg_input_is_valid({{ value }}, 'date')
            and left({{ value }}, 4)::integer between {{ var('tmdb_first_year') }} and {{ var('tmdb_last_year') }}
            then {{ value }}
    end)::date
{%- endmacro %}

{% macro json_flag(value) -%} coalesce({{ value }} = 'true', false) {%- endmacro %}

{#- An id of IMDb: tt for titles, nm for people. -#}
{% macro imdb_id(value, prefix) -%}
    case when {{ value }} ~ '^{{ prefix }}[0-9]{7,20}$' then {{ value }} end
{%- endmacro %}

{#- The elements of a JSON array; none of anything else. -#}
{% macro json_elements(list) -%}
    jsonb_array_elements(case when jsonb_typeof({{ list }}) = 'array' then {{ list }} end)
{%- endmacro %}

{#-
    A JSON array of objects as one array per value, all in the order of the answer: a lateral subquery.
    values: name -> expression over element.value. The first value is the key: of elements with the same
    one the first stays. Elements without one of the `required` values are left out.
-#}
{% macro json_arrays(list, values, required) -%}
    (
        select
            {%- for name in values %}
            array_agg(listed.{{ name }} order by listed.place) as {{ name }}{{ ',' if not loop.last }}
            {%- endfor %}
        from (
            select distinct on (elements.{{ values | first }})
                {%- for name in values %}
                elements.{{ name }},
                {%- endfor %}
                elements.place
            from (
                select
                    {%- for name, expression in values.items() %}
                    {{ expression }} as {{ name }},
                    {%- endfor %}
                    element.place
                from {{ json_elements(list) }} with ordinality as element (value, place)
            ) as elements
            where {% for name in required %}{{ 'and ' if not loop.first }}elements.{{ name }} is not null {% endfor %}
            order by elements.{{ values | first }}, elements.place
        ) as listed
    )
{%- endmacro %}

{#- A JSON array of objects with id and name, such as genres, as the arrays <one>_ids and <one>_names. -#}
{% macro json_named_arrays(list, one, more={}) -%}
    {%- set values = {
        one ~ '_ids': json_integer("(element.value ->> 'id')"),
        one ~ '_names': "nullif(element.value ->> 'name', '')",
    } -%}
    {%- do values.update(more) -%}
    {{- json_arrays(list, values, [one ~ '_ids', one ~ '_names']) -}}
{%- endmacro %}

{#- A JSON array of objects with a code, such as countries, as the array <name>. -#}
{% macro json_code_array(list, key, name) -%}
    {{- json_arrays(list, {name: "nullif(element.value ->> '" ~ key ~ "', '')"}, [name]) -}}
{%- endmacro %}

{#- A JSON array of strings as the array <name>, in the order of the answer. -#}
{% macro json_text_array(list, name) -%}
    {{- json_arrays(list, {name: "nullif(element.value #>> '{}', '')"}, [name]) -}}
{%- endmacro %}
