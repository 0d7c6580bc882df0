{#-
    Data tests in one statement where nothing fails: it only counts. dbt's own materialization makes
    a table for every test, which costs a drop, a create and a commit each.

    The failing rows of a test are kept in its table in schema quality; a test without failing rows
    has no table. A test that has a table failed the last time and is likely to fail again, so its
    rows are written first and counted there, and the query runs once.
-#}
{% materialization test, adapter='postgres' %}
    {%- set stored = should_store_failures() -%}
    {%- set failing_rows = api.Relation.create(
        database=database, schema=schema, identifier=model.alias, type='table'
    ) -%}
    {%- set failed_before = stored and adapter.get_relation(database, schema, model.alias) -%}
    {%- set query = get_limit_subquery_sql(sql, config.get('limit')) -%}
    {%- set relations = [] -%}

    {%- if not failed_before -%} {%- do count_failures(query) -%} {%- endif -%}
    {%- if stored and (failed_before or load_result('main').table.rows[0][0]) -%}
        {%- if failed_before -%} {%- do adapter.drop_relation(failed_before) -%} {%- endif -%}
        {%- call statement(auto_begin=True) -%} {{ get_create_sql(failing_rows, query) }} {%- endcall -%}
        {%- do count_failures('select * from ' ~ failing_rows) -%}
        {%- if load_result('main').table.rows[0][0] -%} {%- do relations.append(failing_rows) -%}
        {%- else -%} {%- do adapter.drop_relation(failing_rows) -%}
        {%- endif -%}
        {%- do adapter.commit() -%}
    {%- endif -%}

    {{ return({'relations': relations}) }}
{% endmaterialization %}

{% macro count_failures(query) -%}
    {%- call statement('main', fetch_result=True) -%}
        {{ get_test_sql(
            query, config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), limit=none
        ) }}
    {%- endcall -%}
{%- endmacro %}
