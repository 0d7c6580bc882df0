{#- Columns of a mart that another source published; no rows where it published none so far. -#}
{% macro published(relation, columns) -%}
    {%- if execute and not adapter.get_relation(relation.database, relation.schema, relation.identifier) -%}
    select
        {%- for name, type in columns.items() %}
        null::{{ type }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    where false
    {%- else -%}
    select
        {%- for name in columns %}
        {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ relation }}
    {%- endif -%}
{%- endmacro %}
