{#- dbt's own test, which believes a unique index instead of looking for itself. -#}
{% test unique(model, column_name) %}
    select
        {{ column_name }} as unique_field,
        count(*) as n_records
    from {{ model }}
    where {{ column_name }} is not null and not {{ has_unique_key(model, [column_name]) }}
    group by {{ column_name }}
    having count(*) > 1
{% endtest %}
