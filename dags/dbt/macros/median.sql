{#-
    The median of a numeric array, exact, to 6 decimals: the value in the middle, or the mean of the
    two around it; NULL of nothing. What is ordered may be computed from each `item`.
    (percentile_cont computes in floating point.)
-#}
{% macro median_of_array(items, expression='item') -%}
    (
        select round(avg(placed.value), 6)
        from (
            select
                {{ expression }} as value,
                2 * row_number() over (order by {{ expression }}) as doubled_place,
                count(*) over () as items
            from unnest({{ items }}) as listed (item)
        ) as placed
        where placed.doubled_place between placed.items and placed.items + 2
    )
{%- endmacro %}
