{#-
    May a model catch up with the loads since its mark, or must it be built whole?

    A model that names the datasets that it depends on in meta.datasets keeps, for each of them, the
    load_id up to which it is built: its high-water mark, in the schema that it is built in, so that
    a publish exchanges it with the model's table. A mart that others read keeps marks even if it is
    always built whole. Catching up is possible while the change tables hold every load in between,
    and sensible while these changed a small part of the rows: at most catch_up_share, a var. A model whose
    new rows come beside the old ones gives a share of its own in meta.catch_up_share.
-#}

{#- dbt's own switch: whatever it says, a model that cannot catch up is built whole. -#}
{% macro should_full_refresh() %}
    {%- set asked_for = config.get('full_refresh') -%}
    {%- if asked_for is none -%} {%- set asked_for = flags.FULL_REFRESH -%} {%- endif -%}
    {%- if not asked_for and execute and model.config.get('incremental_strategy') == 'changed_keys' -%}
        {{- return(not can_catch_up()) -}}
    {%- endif -%}
    {{- return(asked_for) -}}
{% endmacro %}

{% macro can_catch_up() %}
    {%- if not adapter.get_relation(this.database, this.schema, 'high_water_mark') -%}
        {{- return(false) -}}
    {%- endif -%}
    {%- set answer = run_query(catch_up_query()) -%}
    {{- return(answer.columns[0].values()[0]) -}}
{% endmacro %}

{#- A mark that the ledger does not have belongs to another ledger: it was restored or emptied. -#}
{% macro catch_up_query() %}
    {%- set source_name = model.config.meta.source %}
    {%- set share = model.config.meta.get('catch_up_share', var('catch_up_share')) %}
    select coalesce(bool_and(
        (mark.load_id is null or exists (
            select from {{ source('warehouse', 'load_log') }} as marked
            where
                marked.source = '{{ source_name }}'
                and marked.dataset = wanted.dataset
                and marked.load_id = mark.load_id
        ))
        and coalesce(missed.all_kept, true)
        and coalesce(missed.rows_changed, 0) <= newest.rows * {{ share }}::numeric
    ), true)
    from (
        values {% for dataset in model.config.meta.datasets -%}
            ('{{ dataset }}'){{ ', ' if not loop.last }}
        {%- endfor %}
    ) as wanted (dataset)
    left join {{ high_water_mark_table() }} as mark
        on mark.dataset = wanted.dataset and mark.model = '{{ this.identifier }}'
    cross join lateral (
        select
            bool_and(load.changes_kept) as all_kept,
            sum(load.rows_inserted + load.rows_updated + load.rows_deleted) as rows_changed
        from {{ source('warehouse', 'load_log') }} as load
        where
            load.source = '{{ source_name }}'
            and load.dataset = wanted.dataset
            and load.load_id > coalesce(mark.load_id, 0)
            and {{ is_in_build('load.load_id') }}
    ) as missed
    cross join lateral (
        select coalesce(max(load.rows), 0) as rows
        from {{ source('warehouse', 'load_log') }} as load
        where load.source = '{{ source_name }}' and load.dataset = wanted.dataset
    ) as newest
{% endmacro %}
