{#-
    Checked casts of the text columns in raw: what does not parse becomes NULL and never fails a
    build. The test values_parse counts what got lost here, with the same conditions.

    The check stands inside the cast, not around it: Postgres may compute the cast of a constant
    before it looks at a surrounding case.
-#}

{% macro is_parseable(column, type) -%}
    {%- if type == 'flag' -%} {{ column }} in ('0', '1')
    {%- elif type == 'json_array' -%}
    coalesce(jsonb_typeof({{ parse(column, 'jsonb') }}) = 'array', false)
    {%- else -%} pg_input_is_valid({{ column }}, '{{ type }}')
    {%- endif -%}
{%- endmacro %}

{% macro parse(column, type) -%}
    (case when {{ is_parseable(column, type) }} then {{ column }} end)::{{ type }}
{%- endmacro %}

{#- '1' and '0' -#}
{% macro parse_flag(column) -%}
    case {{ column }} when '1' then true when '0' then false end
{%- endmacro %}

{#- A separated list as text[]; '' is NULL. -#}
{% macro parse_list(column, separator="','") -%}
    string_to_array(nullif({{ column }}, ''), {{ separator }})
{%- endmacro %}

{#- A jsonb array of strings as text[]; anything else is NULL. -#}
{% macro json_array_to_text_array(json) -%}
    case
        when jsonb_typeof({{ json }}) = 'array'
            then array(select jsonb_array_elements_text({{ json }}))
    end
{%- endmacro %}

{#- A jsonb array of arrays of strings as one text[], in order; a list that is null is left out. -#}
{% macro flatten_json_lists(lists) -%}
    array(
        select names.name
        from jsonb_array_elements({{ lists }}) with ordinality as lists (list, list_position)
        cross join jsonb_array_elements_text(
            case when jsonb_typeof(lists.list) = 'array' then lists.list end
        ) with ordinality as names (name, name_position)
        order by lists.list_position, names.name_position
    )
{%- endmacro %}
