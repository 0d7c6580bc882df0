{#- As in dbt_utils; a unique index over the columns is believed. -#}
{% test unique_combination_of_columns(model, combination_of_columns) %}
    select
        {{ combination_of_columns | join(', ') }},
        count(*) as times
    from {{ model }}
    where not {{ has_unique_key(model, combination_of_columns) }}
    group by {{ combination_of_columns | join(', ') }}
    having count(*) > 1
{% endtest %}
