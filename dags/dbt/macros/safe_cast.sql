{#-
    For unit tests only; dbt casts the cells of their rows with this.
    - The information schema calls every array type ARRAY, which is no type to cast to: lists of
      digits are integer[], all others text[].
    - An empty cell of a seed's csv reaches a unit test as ''; in the seed's table it is NULL.
-#}
{% macro postgres__safe_cast(field, type) -%}
    {%- if type == 'ARRAY' -%}
        {%- set type = 'integer[]' if modules.re.fullmatch("'{[0-9,]+}'", field) else 'text[]' -%}
    {%- endif -%}
    {%- if field == "''" and type not in ('text', 'character varying') -%}
        {%- set field = 'null' -%}
    {%- endif -%}
    cast({{ field }} as {{ type }})
{%- endmacro %}
