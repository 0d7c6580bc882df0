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
        {%- set dataset = dataset_of_staging(relation) -%}
        {%- if dataset and tests_only_changes(dataset) -%}
            {%- set where = changed_key_condition(dataset) -%}
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

{#- The file behind a staging table; none for any other relation. -#}
{% macro dataset_of_staging(relation) -%}
    {%- for node in (graph.nodes.values() if execute else []) -%}
        {%- if node.resource_type == 'model' and 'staging' in node.fqn
            and node.schema == relation.schema and node.alias == relation.identifier -%}
            {{- return(node.config.meta.datasets[0]) -}}
        {%- endif -%}
    {%- endfor -%}
    {{- return(none) -}}
{%- endmacro %}

{#-
    The load that the published marts were made from, as a query. After a rollback these are the ones
    before, so the rows that were rejected are tested again.
-#}
{% macro last_published_load() -%}
    (
        select load_id
        from {{ source('meta', 'publish_log') }}
        order by publish_id desc
        limit 1
    )
{%- endmacro %}

{% macro tests_only_changes(dataset) -%}
    {%- if flags.FULL_REFRESH or target.name != 'prod' -%} {{- return(false) -}} {%- endif -%}
    {%- set answer = run_query(
        "select " ~ last_published_load() ~ " is not null and not exists (
            select from " ~ source('meta', 'load_log') ~ "
            where dataset = '" ~ dataset ~ "' and not changes_kept
                and load_id > " ~ last_published_load() ~ "
        )"
    ) -%}
    {{- return(answer.columns[0].values()[0]) -}}
{%- endmacro %}

{% macro changes_since_publish(dataset) -%}
    (
        select *
        from {{ source('raw', 'imdb_' ~ dataset | replace('.', '_') ~ '_changes') }}
        where load_id > {{ last_published_load() }}
    )
{%- endmacro %}

{% macro changed_key_condition(dataset) -%}
    {%- set keys = file_key(dataset) if dataset != 'title.crew' else ['tconst'] -%}
    ({{ keys | join(', ') }}) in (
        select {% for column in keys -%}
            {{ key_value(dataset, column) }}{{ ', ' if not loop.last }}
        {%- endfor %}
        from {{ changes_since_publish(dataset) }} as changes
        where is_new
    )
{%- endmacro %}

{#- A table of raw, or what changed in it since the last publish. -#}
{% macro audited_lines(relation) -%}
    {%- set dataset = relation.identifier | replace('imdb_', '', 1) | replace('_', '.', 1) -%}
    {%- if execute and tests_only_changes(dataset) -%}
        {{- return('(select * from ' ~ changes_since_publish(dataset) ~ ' as changes where is_new)') -}}
    {%- endif -%}
    {{- return(relation) -}}
{%- endmacro %}

{#-
    Whether the database itself keeps a promise, as a scalar query: then Postgres looks no further. A
    table without the constraint is searched, and so is the part of one that a test is asked of.
-#}
{% macro has_unique_key(relation, columns) -%}
    {%- if (relation | string).startswith('(') -%} {{- return('false') -}} {%- endif -%}
    (
        select exists (
            select from pg_index
            where
                indrelid = to_regclass('{{ relation }}')
                and indisunique and indisvalid and indpred is null
                and (
                    select array_agg(attname::text order by attname)
                    from pg_attribute
                    where attrelid = indrelid and attnum = any(indkey)
                ) = array[
                    {%- for column in columns | sort -%} '{{ column }}'{{ ', ' if not loop.last }} {%- endfor -%}
                ]
        )
    )
{%- endmacro %}

{% macro has_not_null(relation, column) -%}
    (
        select coalesce(bool_or(attnotnull), false)
        from pg_attribute
        where attrelid = to_regclass('{{ relation }}') and attname = '{{ column }}'
    )
{%- endmacro %}
