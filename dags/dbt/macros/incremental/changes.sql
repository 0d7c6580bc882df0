{#- What the loads since the model's mark changed in a dataset of the model's source. -#}
{% macro changes(dataset) -%}
    (
        select *
        from {{ change_table(raw_table(model.config.meta.source, dataset)) }}
        where
            load_id > coalesce({{ bound('mark', dataset) }}, 0)
            and load_id <= {{ bound('newest', dataset) }}
    )
{%- endmacro %}

{#-
    The lines of a dataset, reduced to some columns, of which there are more or fewer than at the
    model's mark: what came and went again, and what changed in other columns only, is not among them.
-#}
{% macro net_changes(dataset, columns) -%}
    (
        select {{ columns | join(', ') }}
        from {{ changes(dataset) }} as changes
        group by {{ columns | join(', ') }}
        having count(*) filter (where is_new) <> count(*) filter (where not is_new)
    )
{%- endmacro %}

{#-
    The rows of a source table that a staging model has to read: all of them, or, when it catches up,
    the newest line of every key that changed and is still there. A table with all answers of an API
    (meta.answers) is itself a view of the newest ones: an older answer can come with a later load.
-#}
{% macro rows_of(relation) -%}
    {%- if not is_incremental() -%}
    select * from {{ relation }}
    {%- else -%}
    {%- set table = raw_table_of(relation) -%}
    {%- set keys = [] -%}
    {%- for part in table.config.meta.key -%} {%- do keys.append(key_column(part)) -%} {%- endfor -%}
    {%- set changed = changes(table.config.meta.dataset) ~ ' as changes' -%}
    {%- if table.config.meta.get('answers') -%}
    select *
    from {{ relation }}
    where ({{ keys | join(', ') }}) in (select {{ keys | join(', ') }} from {{ changed }})
    {%- else -%}
    select *
    from (
        select distinct on ({{ keys | join(', ') }}) *
        from {{ changed }}
        order by {{ keys | join(', ') }}, load_id desc, is_new desc
    ) as newest_lines
    where is_new
    {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#-
    The keys whose rows have to be looked at again, as a query. A model whose rows depend on more than
    the key of one table says which in a macro touched_by_<model>.
-#}
{% macro touched_keys() -%}
    {%- set own = context.get('touched_by_' ~ model.name) -%}
    {%- if own -%} {{ own() }}
    {%- else -%}
    {%- set dataset = model.config.meta.datasets[0] -%}
    {%- set table = raw_table(model.config.meta.source, dataset) -%}
    {%- set scope = scope_columns() -%}
    select distinct
        {%- for part in table.config.meta.key if part.name in scope %}
        {{ key_value(part) }} as {{ part.name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ changes(dataset) }} as changes
    {%- endif -%}
{%- endmacro %}

{#- The columns of `touched`: meta.scope, or the key of the model. -#}
{% macro scope_columns() -%}
    {%- set scope = model.config.meta.get('scope') or model.config.unique_key -%}
    {{- return([scope] if scope is string else scope) -}}
{%- endmacro %}
