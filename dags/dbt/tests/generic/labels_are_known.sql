{#- Every value is a label that the seed label_thresholds knows for this column. -#}
{% test labels_are_known(model, column_name) %}
    select {{ column_name }}
    from {{ model }}
    where
        {{ column_name }} is null
        or {{ column_name }} not in (
            select label
            from {{ ref('label_thresholds') }}
            where label_column = '{{ column_name }}'
        )
{% endtest %}
