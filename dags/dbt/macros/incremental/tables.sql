{#-
    What the meta of dbt's sources says about raw tables; docs/models.md describes it.

    dataset: the table's name in the ledger. key: the columns that name a row, each with its name in
    staging, and with column and type where the raw table differs. changes: the table beside it with
    what each load changed.
-#}

{#- The source table of a dataset, as dbt's graph has it. -#}
{% macro raw_table(source_name, dataset) -%}
    {%- for table in graph.sources.values() -%}
        {%- if table.source_name == source_name and table.config.meta.get('dataset') == dataset -%}
            {{- return(table) -}}
        {%- endif -%}
    {%- endfor -%}
    {{- exceptions.raise_compiler_error(
        'No table of the source ' ~ source_name ~ ' has the dataset ' ~ dataset ~ ' in its meta.'
    ) -}}
{%- endmacro %}

{#- The source table behind a relation that source() returned. -#}
{% macro raw_table_of(relation) -%}
    {%- for table in graph.sources.values() -%}
        {%- if table.schema == relation.schema and table.identifier == relation.identifier -%}
            {{- return(table) -}}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}

{#- The source table that an incremental model in staging is made of; none for any other relation. -#}
{% macro raw_table_of_staging(relation) -%}
    {%- for node in (graph.nodes.values() if execute else []) -%}
        {%- if node.relation_name == relation | string and layer_of(node) == 'staging'
            and node.config.meta.get('datasets') -%}
            {{- return(raw_table(node.config.meta.source, node.config.meta.datasets[0])) -}}
        {%- endif -%}
    {%- endfor -%}
    {{- return(none) -}}
{%- endmacro %}

{#- The dataset that an incremental model in staging is made of. -#}
{% macro dataset_of_staging(relation) -%}
    {{- raw_table_of_staging(relation).config.meta.dataset if execute -}}
{%- endmacro %}

{#- staging, intermediate or marts; none for a seed or a test. -#}
{% macro layer_of(node) -%} {{- return(node.config.meta.get('layer')) -}} {%- endmacro %}

{% macro key_names(table) -%}
    {{- return(table.config.meta.key | map(attribute='name') | list) -}}
{%- endmacro %}

{#- A column of the key as the raw table calls it. -#}
{% macro key_column(part) -%} {{- part.get('column', part.name) -}} {%- endmacro %}

{#- A column of the key as staging has it, from the raw table's text. -#}
{% macro key_value(part) -%}
    {%- if part.get('type') -%} {{ parse(key_column(part), part.type) }}
    {%- else -%} {{ key_column(part) }}
    {%- endif -%}
{%- endmacro %}

{#- The table with what each load changed. -#}
{% macro change_table(table) -%}
    {{- return(api.Relation.create(
        database=table.database, schema=table.schema, identifier=table.config.meta.changes
    )) -}}
{%- endmacro %}

{#- The loads of a source table in the ledger that this build takes in, as a condition. -#}
{% macro is_load_of(table) -%}
    source = '{{ table.source_name }}' and dataset = '{{ table.config.meta.dataset }}'
    and {{ is_in_build('load_id') }}
{%- endmacro %}

{#- A build takes in loads up to a bound that was fixed when it began; dbt by hand has none. -#}
{% macro is_in_build(column) -%}
    {%- set bound = dbt_metadata_envs.get('LOAD_BOUND') -%}
    {{- column ~ ' <= ' ~ bound | int if bound else 'true' -}}
{%- endmacro %}
