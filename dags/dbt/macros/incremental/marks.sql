{#-
    What every incremental build begins and ends with, in its one transaction.

    before_build: how far the model is, how far it may go, and which keys the loads in between
    touched (the temporary table `touched`). The newest load is read before the data: when a load
    commits in between, the mark is too low and the next build looks again; it is never too high.
    after_build: the mark; after a whole build also the key, and statistics for the planner.
-#}

{% macro high_water_mark_table() -%} "{{ this.schema }}".high_water_mark {%- endmacro %}

{#- The bounds of a catch-up are settings local to the transaction: after mark, up to newest. -#}
{% macro bound_setting(bound, dataset) -%}
    film_warehouse.{{ bound }}_{{ dataset | replace('.', '_') }}
{%- endmacro %}

{% macro bound(bound, dataset) -%}
    nullif(current_setting('{{ bound_setting(bound, dataset) }}', true), '')::bigint
{%- endmacro %}

{#- While dbt parses the project there is no graph to look into. -#}
{% macro before_build() %}
    {%- if execute and model.config.meta.get('datasets') -%}
        {{ remember_bounds() }}
        {%- if is_incremental() %}
create temporary table touched on commit drop as
{{ touched_keys() }};
analyze pg_temp.touched;
        {%- endif %}
    {%- endif -%}
    {%- if layer_of(model) == 'marts' and not is_incremental() %}
{#- Whole marts read whole tables. The planner guesses a few hundred rows for what is grouped from a
    CTE and would look up millions of keys one by one. #}
set local enable_nestloop = off;
    {%- endif -%}
{% endmacro %}

{% macro remember_bounds() %}
do $$
begin
    create table if not exists {{ high_water_mark_table() }} (
        model text not null,
        dataset text not null,
        load_id bigint not null,
        primary key (model, dataset)
    );
exception when unique_violation or duplicate_table then null; -- another model was faster
end
$$;
select
    set_config('film_warehouse.whole_build', '{{ not is_incremental() }}', true)
    {%- for dataset in model.config.meta.datasets %},
    set_config('{{ bound_setting('mark', dataset) }}', coalesce((
        select load_id::text from {{ high_water_mark_table() }}
        where model = '{{ this.identifier }}' and dataset = '{{ dataset }}'
    ), ''), true),
    set_config('{{ bound_setting('newest', dataset) }}', coalesce((
        {{ newest_load(dataset) }}
    )::text, ''), true)
    {%- endfor %};
{% endmacro %}

{#-
    How far a model may go: staging as far as the ledger and the build's bound; a mart as far as
    staging and the marts that it reads, which each have a mark of their own.
-#}
{% macro newest_load(dataset) %}
    {%- set source_name = model.config.meta.source -%}
    {%- if layer_of(model) == 'staging' -%}
        select max(load_id)
        from {{ source('warehouse', 'load_log') }}
        where {{ is_load_of(raw_table(source_name, dataset)) }}
    {%- else -%}
        {%- set staged = [] -%}
        {%- set read = [] -%}
        {%- for node in graph.nodes.values() -%}
            {%- if node.resource_type == 'model' and node.config.meta.get('source') == source_name
                and dataset in node.config.meta.get('datasets', []) -%}
                {%- if layer_of(node) == 'staging' -%} {%- do staged.append(node) -%}
                {%- elif node.unique_id in model.depends_on.nodes -%} {%- do read.append(node) -%}
                {%- endif -%}
            {%- endif -%}
        {%- endfor -%}
        select case when count(*) = {{ staged | length + read | length }} then min(load_id) end
        from (
            {{ marks_of(staged, staged[0].schema, dataset) }}
            {%- if read %}
            union all
            {{ marks_of(read, this.schema, dataset) }}
            {%- endif %}
        ) as upstream_marks
    {%- endif -%}
{% endmacro %}

{% macro marks_of(nodes, schema, dataset) -%}
    select load_id
    from "{{ schema }}".high_water_mark
    where dataset = '{{ dataset }}' and model in (
        {%- for node in nodes -%} '{{ node.alias }}'{{ ', ' if not loop.last }} {%- endfor -%}
    )
{%- endmacro %}

{% macro after_build() %}
    {%- if model.config.materialized == 'view' -%} {{- return('') -}} {%- endif -%}
    {%- set datasets = model.config.meta.get('datasets', []) -%}
do $$
begin
    if {{ "current_setting('film_warehouse.whole_build') = 'True'" if datasets else 'true' }} then
        {{ add_key() }}
        analyze {{ this }};
    end if;
end
$$;
    {%- for dataset in datasets %}
delete from {{ high_water_mark_table() }}
where
    model = '{{ this.identifier }}'
    and dataset = '{{ dataset }}'
    and load_id is distinct from {{ bound('newest', dataset) }};
insert into {{ high_water_mark_table() }} (model, dataset, load_id)
select '{{ this.identifier }}', '{{ dataset }}', {{ bound('newest', dataset) }}
where {{ bound('newest', dataset) }} is not null
on conflict (model, dataset) do nothing;
    {%- endfor -%}
{% endmacro %}

{#-
    The key of a table, made when its rows are there. A key given twice stays once: the row
    that sorts first by the other columns. The files have none, so nothing is sorted for it
    before an index cannot be made.
-#}
{% macro add_key() %}
    {%- if model.config.unique_key and not model.constraints -%}
        {%- set keys = model.config.unique_key -%}
        {%- set keys = [keys] if keys is string else keys -%}
        {%- if not model.config.meta.get('duplicates_by') -%}
        alter table {{ this }} add primary key ({{ keys | join(', ') }});
        {%- else -%}
        begin
            alter table {{ this }} add primary key ({{ keys | join(', ') }});
        exception when unique_violation then
            delete from {{ this }} as doubled
            using (
                select
                    ctid as tid,
                    row_number() over (
                        partition by {{ keys | join(', ') }}
                        order by {{ model.config.meta.duplicates_by }}
                    ) as position
                from {{ this }}
            ) as numbered
            where doubled.ctid = numbered.tid and numbered.position > 1;
            alter table {{ this }} add primary key ({{ keys | join(', ') }});
        end;
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
