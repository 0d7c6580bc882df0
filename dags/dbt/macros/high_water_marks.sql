{#-
    Incremental models on the load ledger.

    A model names the files that it reads in meta.datasets and uses
        pre_hook="{{ remember_newest_loads() }}"    what the ledger says before anything is read
        where {{ loads_moved_on() }}                nothing to do: raw is not even scanned
        incremental_strategy='ledger'               what changed is written, nothing else
        post_hook="{{ write_high_water_marks() }}"  what this build covers

    All four run in the one transaction of the model. The newest load is read before the data: when
    a load commits in between, the mark is too low and the next build looks again; it is never too
    high. The marks live in the schema of the model, so they travel with it when it is renamed.
-#}

{% macro high_water_mark_table() -%} "{{ this.schema }}".high_water_mark {%- endmacro %}

{#- A setting local to the transaction holds the newest load_id of a dataset, '' for none. -#}
{% macro newest_load_setting(dataset) -%}
    film_warehouse.newest_load_{{ dataset | replace('.', '_') }}
{%- endmacro %}

{% macro newest_load(dataset) -%}
    nullif(current_setting('{{ newest_load_setting(dataset) }}', true), '')::bigint
{%- endmacro %}

{% macro remember_newest_loads() %}
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
{% for dataset in model.config.meta.datasets -%}
select set_config(
    '{{ newest_load_setting(dataset) }}',
    coalesce((
        select max(load_id)::text from {{ source('meta', 'load_log') }}
        where dataset = '{{ dataset }}'
    ), ''),
    true
);
{% endfor %}
{% endmacro %}

{#-
    True when the ledger's newest load of a dataset is not the one of the mark. Not "newer": a
    restored or emptied ledger counts too. It depends on no row, so Postgres checks it once.
-#}
{% macro loads_moved_on() -%}
    (
        {%- for dataset in model.config.meta.datasets %}
        {{ 'or ' if not loop.first }}{{ newest_load(dataset) }} is distinct from (
            select mark.load_id from {{ high_water_mark_table() }} as mark
            where mark.model = '{{ this.identifier }}' and mark.dataset = '{{ dataset }}'
        )
        {%- endfor %}
    )
{%- endmacro %}

{#- After a full build every mark is written; otherwise those of datasets that moved on. -#}
{% macro write_high_water_marks() %}
{% for dataset in model.config.meta.datasets -%}
delete from {{ high_water_mark_table() }}
where
    model = '{{ this.identifier }}'
    and dataset = '{{ dataset }}'
    and load_id is distinct from {{ newest_load(dataset) }};
insert into {{ high_water_mark_table() }} (model, dataset, load_id)
select '{{ this.identifier }}', '{{ dataset }}', {{ newest_load(dataset) }}
where {{ newest_load(dataset) }} is not null
on conflict (model, dataset) do nothing;
{% endfor %}
{% endmacro %}

{#- Statistics for the planner: of a table always, of an incremental model when it was written to. -#}
{% macro analyze_this() %}
    {%- if model.config.materialized == 'incremental' -%}
do $$
begin
    if {{ loads_moved_on() }} then
        analyze {{ this }};
    end if;
end
$$
    {%- else -%}
analyze {{ this }}
    {%- endif -%}
{% endmacro %}

{#-
    The strategy: the new state (temp_relation) against the table by unique_key, in one full join;
    then only rows that left, changed or came are touched.
-#}
{% macro get_incremental_ledger_sql(arg_dict) %}
    {%- set target_table = arg_dict['target_relation'] -%}
    {%- set keys = arg_dict['unique_key'] -%}
    {%- set keys = [keys] if keys is string else keys -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='name') | list -%}
    {%- set values = columns | reject('in', keys) | list -%}
    {%- set changes = model.name ~ '__changes' %}

drop table if exists pg_temp."{{ changes }}";

create temporary table "{{ changes }}" on commit drop as
select
    {% for column in keys -%} coalesce(new."{{ column }}", old."{{ column }}") as "{{ column }}",
    {% endfor -%}
    {% for column in values -%} new."{{ column }}",
    {% endfor -%}
    case
        when new."{{ keys[0] }}" is null then 'left'
        when old."{{ keys[0] }}" is null then 'came'
        else 'changed'
    end as change
from {{ arg_dict['temp_relation'] }} as new
full join {{ target_table }} as old
    on {% for key in keys -%} {{ 'and ' if not loop.first }}new."{{ key }}" = old."{{ key }}" {% endfor %}
where
    {{ loads_moved_on() }}
    and (
        new."{{ keys[0] }}" is null
        or old."{{ keys[0] }}" is null
        or ({% for column in values -%} new."{{ column }}"{{ ', ' if not loop.last }} {%- endfor %})
        is distinct from ({% for column in values -%} old."{{ column }}"{{ ', ' if not loop.last }} {%- endfor %})
    );

analyze pg_temp."{{ changes }}";

merge into {{ target_table }} as old
using pg_temp."{{ changes }}" as new
    on {% for key in keys -%} {{ 'and ' if not loop.first }}new."{{ key }}" = old."{{ key }}" {% endfor %}
when matched and new.change = 'left' then delete
when matched then update
    set {% for column in values -%} "{{ column }}" = new."{{ column }}"{{ ', ' if not loop.last }} {%- endfor %}
when not matched then
    insert ({% for column in columns -%} "{{ column }}"{{ ', ' if not loop.last }} {%- endfor %})
    values ({% for column in columns -%} new."{{ column }}"{{ ', ' if not loop.last }} {%- endfor %});
{% endmacro %}
