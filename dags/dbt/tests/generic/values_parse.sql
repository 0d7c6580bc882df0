{#-
    Values of the source that are there but become NULL in this model or leave a list, since they do not
    parse as the type that the model casts them to. columns: source column -> type, in the words of
    is_parseable(). The failing rows are the values and how often each occurs.
-#}
{% test values_parse(model, source_table, columns) %}
    with unparsed_lines as (
        select *
        from {{ source_table }}
        where
            {%- for column, type in columns.items() %}
            {{ 'or ' if not loop.first }}({{ column }} <> '' and not ({{ is_parseable(column, type) }}))
            {%- endfor %}
    )

    select
        checked.column_name,
        checked.value,
        count(*) as occurrences
    from unparsed_lines
    cross join lateral (
        values
        {%- for column, type in columns.items() %}
        ('{{ column }}', {{ column }}, {{ is_parseable(column, type) }}){{ ',' if not loop.last }}
        {%- endfor %}
    ) as checked (column_name, value, parses)
    where checked.value <> '' and not checked.parses
    group by checked.column_name, checked.value
{% endtest %}
