{#-
    What dbt's own tests unique and not_null run on Postgres: a unique index or a NOT NULL constraint
    is believed, and only a table without one is searched. They stay dbt's tests by name, so tools
    that look for tested keys find them.
-#}
{% macro postgres__test_unique(model, column_name) %}
    select
        {{ column_name }} as unique_field,
        count(*) as n_records
    from {{ model }}
    where {{ column_name }} is not null and not {{ has_unique_key(model, [column_name]) }}
    group by {{ column_name }}
    having count(*) > 1
{% endmacro %}

{% macro postgres__test_not_null(model, column_name) %}
    select *
    from {{ model }}
    where {{ column_name }} is null and not {{ has_not_null(model, column_name) }}
{% endmacro %}

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
