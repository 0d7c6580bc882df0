{#-
    Bodies of APIs, which are JSON, as typed columns. What does not parse becomes NULL and never fails a
    build. A body is read once per model, by jsonb_to_record with text columns, which take any JSON value.
-#}

{#- The fields of a body, each as text or, for objects and lists, as jsonb, in a relation `body`. -#}
{% macro read_body(column, text, json=[]) -%}
    cross join lateral jsonb_to_record({{ column }}) as body (
        {%- for field in text %}
        "{{ field }}" text{{ ',' if json or not loop.last }}
        {%- endfor %}
        {%- for field in json %}
        "{{ field }}" jsonb{{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{#- A whole number, 12 or 12.0, as bigint. -#}
{% macro json_integer(value) -%}
    (case
        when {{ value }} ~ '^-?[0-9]+([.]0+)?$' and pg_input_is_valid(split_part({{ value }}, '.', 1), 'bigint')
            then split_part({{ value }}, '.', 1)
    end)::bigint
{%- endmacro %}

{#- A day as YYYY-MM-DD. -#}
{% macro json_date(value) -%}
    (case
        when {{ value }} ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' and pg_input_is_valid({{ value }}, 'date') then {{ value }}
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

{#- Joins the elements of a JSON array, in a relation `name` with value and place. -#}
{% macro join_elements(list, name='element') -%}
    cross join lateral {{ json_elements(list) }} with ordinality as {{ name }} (value, place)
{%- endmacro %}
