{#-
    prod: the custom names are the schemas. published: the same, but marts are what is live, for what
    only reads (docs, dbt show, metrics). Any other target builds in <target.schema>_<name>.
-#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set name = custom_schema_name | trim if custom_schema_name else target.schema -%}
    {%- if target.name == 'published' -%} {{ 'marts' if name == 'marts_next' else name }}
    {%- elif target.name == 'prod' or not custom_schema_name -%} {{ name }}
    {%- else -%} {{ target.schema }}_{{ name }}
    {%- endif -%}
{%- endmacro %}

{#- on-run-start: the target published is for reading, and no table of prod is made without its rows. -#}
{% macro refuse_to_build_published() -%}
    {%- if execute and target.name == 'published'
        and flags.WHICH in ('build', 'clone', 'run', 'seed', 'snapshot', 'test') -%}
        {{- exceptions.raise_compiler_error(
            'The target published names what is live, for reading only: dbt ' ~ flags.WHICH
            ~ ' would write to it without tests and publish. Build with --target dev or prod.'
        ) -}}
    {%- endif -%}
    {%- if execute and target.name == 'prod' and flags.EMPTY -%}
        {{- exceptions.raise_compiler_error(
            'dbt ' ~ flags.WHICH ~ ' --empty would empty the tables of the target prod. Try it with '
            ~ '--target dev.'
        ) -}}
    {%- endif -%}
{%- endmacro %}
