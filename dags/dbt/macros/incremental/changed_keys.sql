{#-
    The incremental strategy: of the rows whose keys were touched, the new state (temp_relation)
    against the one in the table; only rows that left, changed or came are written.
-#}
{% macro get_incremental_changed_keys_sql(arg_dict) %}
    {%- set target_table = arg_dict['target_relation'] -%}
    {%- set keys = arg_dict['unique_key'] -%}
    {%- set keys = [keys] if keys is string else keys -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='name') | list -%}
    {%- set values = columns | reject('in', keys) | list -%}
    {%- set changes = model.name ~ '__changes' %}

drop table if exists pg_temp."{{ changes }}";

analyze {{ arg_dict['temp_relation'] }};

create temporary table "{{ changes }}" on commit drop as
with present as (
    select target.*
    from {{ target_table }} as target
    inner join pg_temp.touched using ({{ scope_columns() | join(', ') }})
)

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
full join present as old
    on {% for key in keys -%} {{ 'and ' if not loop.first }}new."{{ key }}" = old."{{ key }}" {% endfor %}
where
    new."{{ keys[0] }}" is null
    or old."{{ keys[0] }}" is null
    or ({% for column in values -%} new."{{ column }}"{{ ', ' if not loop.last }} {%- endfor %})
    is distinct from ({% for column in values -%} old."{{ column }}"{{ ', ' if not loop.last }} {%- endfor %});

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
