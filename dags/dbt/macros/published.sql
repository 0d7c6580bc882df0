{#-
    Columns of a mart that another source published; no rows where it published none so far. Postgres is asked, since
    dbt's cache knows a schema as soon as its first table is in it: a model that is compiled at that moment, in another
    thread, would find no mart.
-#}
{% macro published(relation, columns) -%}
    {%- set name = relation.include(database=false) -%}
    {%- if execute and not run_query("select to_regclass('" ~ name ~ "') is not null").columns[0].values()[0] -%}
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
