{#-
    on-run-end: one row per model, seed, snapshot and test into meta.model_log and meta.test_log, and for every
    test that warned or failed one line in the log that says where its failing rows are.
-#}
{% macro log_results(results) %}
    {%- if not execute or flags.WHICH not in ('build', 'run', 'seed', 'snapshot', 'test') or not results -%}
        {{ return('') }}
    {%- endif -%}
    {%- set dag_id = dbt_metadata_envs.get('DAG_ID') or 'manual' -%}
    {%- set run_id = dbt_metadata_envs.get('RUN_ID') or 'manual' -%}
    {%- set model_rows = [] -%}
    {%- set test_rows = [] -%}
    {%- for result in results -%}
        {%- set node = result.node -%}
        {%- set head = [dag_id, run_id, build_id(), invocation_id, node.name] -%}
        {%- if node.resource_type in ('model', 'seed', 'snapshot') -%}
            {%- set relation = node.schema ~ '.' ~ node.alias -%}
            {%- do model_rows.append(sql_row(head + [
                node.resource_type, relation, result.status,
                rows_affected(result), result.execution_time, result.message,
                run_started_at,
            ])) -%}
        {%- elif node.resource_type in ('test', 'unit_test') -%}
            {%- set failures_table = table_of_failures(result) -%}
            {%- set message = message_of_test(result, failures_table) -%}
            {%- set severity = (node.config.severity or 'error') | lower
                if node.resource_type == 'test' else 'error' -%}
            {%- do test_rows.append(sql_row(head + [
                tested_model(node), node.resource_type, severity,
                result.status, result.failures, failures_table, result.execution_time, message,
            ])) -%}
            {%- if failures_table -%}
                {%- do log(
                    failures_table ~ ': ' ~ result.failures ~ ' failing rows, severity ' ~ severity
                    ~ ', look with: select * from ' ~ failures_table ~ ';', info=true
                ) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if model_rows %}
insert into meta.model_log (
    dag_id, run_id, build_id, invocation_id, model, resource_type, relation, status, rows_affected, seconds, message,
    run_started_at
)
values
    {{ model_rows | join(',\n    ') }};
    {%- endif -%}
    {%- if test_rows %}
insert into meta.test_log (
    dag_id, run_id, build_id, invocation_id, test, model, resource_type, severity, status, failures, failures_table,
    seconds, message
)
values
    {{ test_rows | join(',\n    ') }};
    {%- endif -%}
{% endmacro %}

{#- The build in meta.build_log that dbt was started for; none where it was started by hand. -#}
{% macro build_id() -%}
    {%- set id = dbt_metadata_envs.get('BUILD_ID') -%}
    {{- return(id | int if id else none) -}}
{%- endmacro %}

{#- post-hook of the marts: notes in the model's own transaction who wrote the table. -#}
{% macro note_writer() %}
insert into meta.mart_writer (table_id, file_id, model, build_id, invocation_id)
select
    oid, relfilenode, '{{ model.name }}', {{ build_id() or 'null' }}, '{{ invocation_id }}'
from pg_class
where oid = '{{ this }}'::regclass
on conflict (table_id) do update set
    file_id = excluded.file_id,
    model = excluded.model,
    build_id = excluded.build_id,
    invocation_id = excluded.invocation_id,
    written_at = excluded.written_at
{% endmacro %}

{#- A list of values as one row of a values list. A text is anything, a message with a value of the data
    in it: E'' means the same under every setting of the server. -#}
{% macro sql_row(values) -%}
    {%- set cells = [] -%}
    {%- for value in values -%}
        {%- if value is none -%} {%- do cells.append('null') -%}
        {%- elif value is number -%} {%- do cells.append(value | string) -%}
        {%- else -%}
            {%- set text = value | string | replace('\\', '\\\\') | replace("'", "''") -%}
            {%- do cells.append("E'" ~ (text | replace('\0', '')) ~ "'") -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return('(' ~ cells | join(', ') ~ ')') -}}
{%- endmacro %}

{% macro rows_affected(result) -%}
    {%- set rows = (result.adapter_response or {}).get('rows_affected') -%}
    {#- A view reports -1. -#}
    {{- return(rows if rows is number and rows >= 0 else none) -}}
{%- endmacro %}

{#- schema.table of the failing rows; none when there are none, or none are kept. -#}
{% macro table_of_failures(result) -%}
    {%- set node = result.node -%}
    {%- if node.resource_type == 'test' and result.failures and node.relation_name
        and result.status in ('warn', 'fail') -%}
        {{- return(node.schema ~ '.' ~ node.alias) -}}
    {%- endif -%}
    {{- return(none) -}}
{%- endmacro %}

{% macro message_of_test(result, failures_table) -%}
    {%- if failures_table -%}
        {{- return((result.message or '') ~ '; the failing rows are in ' ~ failures_table) -}}
    {%- endif -%}
    {{- return(result.message) -}}
{%- endmacro %}

{#- The model that a test is attached to; of a singular test the first one that it reads. -#}
{% macro tested_model(node) -%}
    {%- set tested = node.attached_node if node.resource_type == 'test'
        else node.tested_node_unique_id -%}
    {%- set ids = [tested] if tested else node.depends_on.nodes -%}
    {{- return(ids[0].split('.')[-1] if ids else none) -}}
{%- endmacro %}
