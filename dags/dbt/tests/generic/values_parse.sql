{#-
    Values of the source that are there but become NULL in this model, since they do not parse as
    the type that the model casts them to. columns: source column -> type, in the words of parse().
    The failing rows are the values and how often each occurs; of a model that caught up, those of
    lines that changed since the last publish (macros/incremental/audit.sql).
-#}
{% test values_parse(model, source_table, columns) %}
    select
        checked.column_name,
        checked.value,
        count(*) as occurrences
    from {{ audited_lines(source_table) }} as lines
    cross join lateral (
        values
        {%- for column, type in columns.items() %}
        ('{{ column }}', {{ column }}, {{ is_parseable(column, type) }}){{ ',' if not loop.last }}
        {%- endfor %}
    ) as checked (column_name, value, parses)
    where checked.value <> '' and not checked.parses
    group by checked.column_name, checked.value
{% endtest %}
