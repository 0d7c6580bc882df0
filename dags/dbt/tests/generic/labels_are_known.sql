{#- Every value of these columns is a label that the seed label_thresholds knows for the column. -#}
{% test labels_are_known(model, columns) %}
    {%- for column in columns %}
    select
        '{{ column }}' as label_column,
        {{ column }} as label,
        count(*) as times
    from {{ model }}
    where
        {{ column }} is null
        or {{ column }} not in (
            select label
            from {{ ref('label_thresholds') }}
            where label_column = '{{ column }}'
        )
    group by {{ column }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{% endtest %}
