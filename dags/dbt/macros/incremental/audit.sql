{#-
    Tests of staging models look at what is new: the rows whose keys changed since the last publish.

    A publish means that every test of severity error had passed on all that was there, and what did
    not change since cannot have gone wrong since. Until a publish succeeds, the rows that failed are
    looked at again. Everything is tested when nothing was published yet, when a load in between did
    not keep its changes, after a full refresh, and in any target but prod.

    A test with a `where` of its own, and the tests that are cheap anyway, keep the whole table.
-#}

{% macro get_where_subquery(relation) -%}
    {%- set where = config.get('where') -%}
    {%- if not where and execute and model.test_metadata.name not in tests_of_whole_tables() -%}
        {%- set table = raw_table_of_staging(relation) -%}
        {%- if table and tests_only_changes(table) -%}
            {%- set where = changed_key_condition(table) -%}
        {%- endif -%}
    {%- endif -%}
    {%- if where -%}
        {%- do return('(select * from ' ~ relation ~ ' where ' ~ where ~ ')') -%}
    {%- endif -%}
    {%- do return(relation) -%}
{%- endmacro %}

{#- They ask the catalog or count rows. -#}
{% macro tests_of_whole_tables() -%}
    {{- return([
        'unique', 'not_null', 'unique_combination_of_columns', 'row_count_matches_ledger',
        'equal_rowcount',
    ]) -}}
{%- endmacro %}

{#-
    The load that the published marts of a source were made from, as a query. After a rollback these
    are the ones before, so the rows that were rejected are tested again.
-#}
{% macro last_published_load(source_name) -%}
    (
        select load_id
        from meta.publish_log
        where source = '{{ source_name }}'
        order by publish_id desc
        limit 1
    )
{%- endmacro %}

{% macro tests_only_changes(table) -%}
    {%- if flags.FULL_REFRESH or target.name != 'prod' -%} {{- return(false) -}} {%- endif -%}
    {%- set published = last_published_load(table.source_name) -%}
    {%- set answer = run_query(
        "select " ~ published ~ " is not null and not exists (
            select from " ~ source('warehouse', 'load_log') ~ "
            where " ~ is_load_of(table) ~ " and not changes_kept and load_id > " ~ published ~ "
        )"
    ) -%}
    {{- return(answer.columns[0].values()[0]) -}}
{%- endmacro %}

{% macro changes_since_publish(table) -%}
    (
        select *
        from {{ change_table(table) }}
        where load_id > {{ last_published_load(table.source_name) }}
    )
{%- endmacro %}

{% macro changed_key_condition(table) -%}
    ({{ key_names(table) | join(', ') }}) in (
        select {% for part in table.config.meta.key -%}
            {{ key_value(part) }}{{ ', ' if not loop.last }}
        {%- endfor %}
        from {{ changes_since_publish(table) }} as changes
        where is_new
    )
{%- endmacro %}

{#- A raw table, or what changed in it since the last publish. -#}
{% macro audited_lines(relation) -%}
    {%- if execute and tests_only_changes(raw_table_of(relation)) -%}
        {{- return(
            '(select * from ' ~ changes_since_publish(raw_table_of(relation))
            ~ ' as changes where is_new)'
        ) -}}
    {%- endif -%}
    {{- return(relation) -}}
{%- endmacro %}
