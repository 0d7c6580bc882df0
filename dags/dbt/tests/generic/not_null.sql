{#- dbt's own test, which believes a NOT NULL constraint instead of looking for itself. -#}
{% test not_null(model, column_name) %}
    select *
    from {{ model }}
    where {{ column_name }} is null and not {{ has_not_null(model, column_name) }}
{% endtest %}
