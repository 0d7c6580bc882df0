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
        {%- if load_result('main').table.rows[0][0] -%}
            {%- do relations.append(failing_rows) -%}
            {%- set broken = broken_rules(model, failing_rows) -%}
            {%- if broken -%} {%- do log(model.name ~ broken, info=true) -%} {%- endif -%}
        {%- else -%} {%- do adapter.drop_relation(failing_rows) -%}
        {%- endif -%}
        {%- do adapter.commit() -%}
    {%- endif -%}

    {{ return({'relations': relations}) }}
{% endmaterialization %}

{#- ', broken: <rule> (<rows> rows), ...' of a test rules_hold that failed, else nothing. -#}
{% macro broken_rules(node, failures_table) -%}
    {%- if not failures_table or (node.test_metadata or {}).name != 'rules_hold' -%}
        {{- return('') -}}
    {%- endif -%}
    {%- set rules = run_query(
        "select rule || ' (' || count(*) || ' rows)' from " ~ failures_table
        ~ ', unnest(broken_rules) as rule group by rule order by count(*) desc, rule'
    ) -%}
    {{- return(', broken: ' ~ rules.columns[0].values() | join(', ')) -}}
{%- endmacro %}

{% macro count_failures(query) -%}
    {%- call statement('main', fetch_result=True) -%}
        {{ get_test_sql(
            query, config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), limit=none
        ) }}
    {%- endcall -%}
{%- endmacro %}
