{#- What the loads since the model's mark changed in a file: the change table's rows of these loads. -#}
{% macro changes(dataset) -%}
    (
        select *
        from {{ source('raw', 'imdb_' ~ dataset | replace('.', '_') ~ '_changes') }}
        where
            load_id > coalesce({{ bound('mark', dataset) }}, 0)
            and load_id <= {{ bound('newest', dataset) }}
    )
{%- endmacro %}

{#-
    The lines of a file, reduced to some columns, of which there are more or fewer than at the model's
    mark: what came and went again, and what changed in other columns only, is not among them.
-#}
{% macro net_changes(dataset, columns) -%}
    (
        select {{ columns | join(', ') }}
        from {{ changes(dataset) }} as changes
        group by {{ columns | join(', ') }}
        having count(*) filter (where is_new) <> count(*) filter (where not is_new)
    )
{%- endmacro %}

{#- The key columns of a file, by the names that staging gives them. -#}
{% macro file_key(dataset) -%}
    {%- if dataset in ('title.akas', 'title.principals') -%} {{- return(['tconst', 'ordering']) -}}
    {%- elif dataset == 'name.basics' -%} {{- return(['nconst']) -}}
    {%- endif -%}
    {{- return(['tconst']) -}}
{%- endmacro %}

{#- A key column of a raw table; title.akas alone calls the title titleId. -#}
{% macro raw_column(dataset, column) -%}
    {{- 'title_id' if dataset == 'title.akas' and column == 'tconst' else column -}}
{%- endmacro %}

{#- A key column of a raw table as staging has it. -#}
{% macro key_value(dataset, column) -%}
    {%- if column == 'ordering' -%} {{ parse('ordering', 'position') }}
    {%- else -%} {{ raw_column(dataset, column) }}
    {%- endif -%}
{%- endmacro %}

{#-
    The lines of a file that a staging model has to read: all of them, or, when it catches up, the
    newest line of every key that changed and is still there.
-#}
{% macro file_rows(dataset) -%}
    {%- set table = 'imdb_' ~ dataset | replace('.', '_') -%}
    {%- if not is_incremental() -%}
    select * from {{ source('raw', table) }}
    {%- else -%}
    {%- set keys = [] -%}
    {%- for column in file_key(dataset) -%} {%- do keys.append(raw_column(dataset, column)) -%} {%- endfor -%}
    select *
    from (
        select distinct on ({{ keys | join(', ') }}) *
        from {{ changes(dataset) }} as changes
        order by {{ keys | join(', ') }}, load_id desc, is_new desc
    ) as newest_lines
    where is_new
    {%- endif -%}
{%- endmacro %}

{#-
    The keys whose rows have to be looked at again, as a query. A model whose rows depend on more than
    the key of one file says which in a macro touched_by_<model>.
-#}
{% macro touched_keys() -%}
    {%- set own = context.get('touched_by_' ~ model.name) -%}
    {%- if own -%} {{ own() }}
    {%- else -%}
    {%- set dataset = model.config.meta.datasets[0] -%}
    select distinct
        {%- for column in scope_columns() %}
        {{ key_value(dataset, column) }} as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ changes(dataset) }} as changes
    {%- endif -%}
{%- endmacro %}

{#- The columns of `touched`: meta.scope, or the key of the model. -#}
{% macro scope_columns() -%}
    {%- set scope = model.config.meta.get('scope') or model.config.unique_key -%}
    {{- return([scope] if scope is string else scope) -}}
{%- endmacro %}
