{#- As many rows as compare_model, or as many of some as of some. -#}
{% test equal_rowcount(model, compare_model, model_condition='true', compare_condition='true') %}
    with counts as (
        select
            (select count(*) from {{ model }} where {{ model_condition }}) as model_rows,
            (select count(*) from {{ compare_model }} where {{ compare_condition }}) as expected_rows
    )

    select *
    from counts
    where model_rows <> expected_rows
{% endtest %}
