{#- The share of rows with a value is at least at_least (0 to 1); an empty table passes. -#}
{% test not_null_proportion(model, column_name, at_least) %}
    with proportion as (
        select
            count(*) as all_rows,
            count({{ column_name }}) as not_null_rows
        from {{ model }}
    )

    select *
    from proportion
    where not_null_rows < all_rows * {{ at_least }}::numeric
{% endtest %}
