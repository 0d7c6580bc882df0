{#-
    As in dbt_utils, and none of the columns is NULL but those of nulls_allowed. A unique index and
    NOT NULL constraints are believed.
-#}
{% test unique_combination_of_columns(model, combination_of_columns, nulls_allowed=[]) %}
    {%- set required = combination_of_columns | reject('in', nulls_allowed) | list %}
    select
        {{ combination_of_columns | join(', ') }},
        count(*) as times
    from {{ model }}
    where
        not {{ has_unique_key(model, combination_of_columns) }}
        {%- for column in required %}
        or not {{ has_not_null(model, column) }}
        {%- endfor %}
    group by {{ combination_of_columns | join(', ') }}
    having count(*) > 1 {{ 'or num_nulls(' ~ required | join(', ') ~ ') > 0' if required }}
{% endtest %}
