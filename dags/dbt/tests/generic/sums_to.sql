{#- Shares add up to the total within each group, rounding aside; an empty table passes. -#}
{% test sums_to(model, column_name, total, tolerance, group_by=none) %}
    select
        {{ group_by ~ ',' if group_by }}
        sum({{ column_name }}) as column_total
    from {{ model }}
    {{ 'group by ' ~ group_by if group_by }}
    having abs(sum({{ column_name }}) - {{ total }}) > {{ tolerance }}
{% endtest %}
