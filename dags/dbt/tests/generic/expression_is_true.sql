{#- As in dbt_utils: a NULL counts as false, so say `a is null or …` where NULL may be. -#}
{% test expression_is_true(model, expression, column_name=none) %}
    select *
    from {{ model }}
    where not coalesce({{ column_name ~ ' ' if column_name }}{{ expression }}, false)
{% endtest %}
