{#-
    Checked casts of the text columns in raw: what does not parse becomes NULL and never fails a
    build. The test values_parse counts what got lost here, with the same conditions.

    Only what the files write is taken: Postgres would also read ' 7', +7, 0x1F and 1_000 as
    integers and NaN as a number, and would round 8.25 without a word. It is asked for the range.
    A position is part of a key: without leading zeros, so that two texts are never one number.
    No minus: nothing in the files is below zero, so no difference of two integers can overflow.
    A code stands in keys and indexes, whose entries have a limit of 2,704 bytes.
-#}

{#- The most bytes of a code. -#}
{% macro longest_code() -%} 200 {%- endmacro %}

{% macro is_parseable(column, type) -%}
    {%- if type == 'flag' -%} {{ column }} in ('0', '1')
    {%- elif type == 'json_array' -%}
    ({{ is_plain_json_list(column) }}
        or coalesce(jsonb_typeof({{ parse(column, 'jsonb') }}) = 'array', false))
    {%- elif type == 'integer' -%}
    {{ column }} ~ '^[0-9]+$' and pg_input_is_valid({{ column }}, 'integer')
    {%- elif type == 'position' -%}
    {{ column }} ~ '^(0|[1-9][0-9]*)$' and pg_input_is_valid({{ column }}, 'integer')
    {%- elif type == 'numeric(3,1)' -%}
    {{ column }} ~ '^[0-9]+([.][0-9])?$' and pg_input_is_valid({{ column }}, 'numeric(3,1)')
    {%- elif type == 'jsonb' -%} pg_input_is_valid({{ column }}, 'jsonb')
    {%- elif type == 'code' -%} octet_length({{ column }}) <= {{ longest_code() }}
    {%- elif type == 'list' -%} {{ is_list_of_codes(column, list_separator()) }}
    {%- elif type == 'akas_list' -%} {{ is_list_of_codes(column, akas_separator()) }}
    {%- endif -%}
{%- endmacro %}

{#-
    The check stands inside the cast, not around it: Postgres may compute the cast of a constant
    before it looks at a surrounding case.
-#}
{% macro parse(column, type) -%}
    {%- if type == 'flag' -%}
    case when {{ is_parseable(column, type) }} then {{ column }} = '1' end
    {%- elif type == 'code' -%}
    nullif(case when {{ is_parseable(column, type) }} then {{ column }} end, '')
    {%- else -%}
    (case when {{ is_parseable(column, type) }} then {{ column }} end)::
    {{- 'integer' if type == 'position' else type }}
    {%- endif -%}
{%- endmacro %}

{% macro list_separator() -%} ',' {%- endmacro %}
{% macro akas_separator() -%} e'\x02' {%- endmacro %}

{#- A list of codes as text[] without its empty elements and those that are too long; NULL when nothing is left. -#}
{% macro parse_list(column, separator=list_separator()) -%}
    nullif(
        case
            when octet_length({{ column }}) > {{ longest_code() }}
                then array(
                    select element
                    from unnest(string_to_array({{ column }}, {{ separator }}))
                        with ordinality as elements (element, place)
                    where element <> '' and octet_length(element) <= {{ longest_code() }}
                    order by place
                )
            else array_remove(string_to_array({{ column }}, {{ separator }}), '')
        end, '{}'
    )
{%- endmacro %}

{#- Whether each element is a code; a list that is no longer than a code has no other elements. -#}
{% macro is_list_of_codes(column, separator) -%}
    (octet_length({{ column }}) <= {{ longest_code() }}
        or not exists (
            select from unnest(string_to_array({{ column }}, {{ separator }})) as elements (element)
            where octet_length(element) > {{ longest_code() }}
        ))
{%- endmacro %}

{#- A JSON list of one string without escapes: nine in ten are, and a JSON parser costs thrice as much. -#}
{% macro is_plain_json_list(column) -%} {{ column }} ~ '^\["[^"\\[:cntrl:]]*"\]$' {%- endmacro %}

{#- A JSON array of strings as text[]; anything else is NULL. -#}
{% macro parse_text_array(column) -%}
    case
        when {{ is_plain_json_list(column) }}
            then array[substr({{ column }}, 3, length({{ column }}) - 4)]
        when {{ is_parseable(column, 'json_array') }}
            then array(select jsonb_array_elements_text({{ column }}::jsonb))
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
