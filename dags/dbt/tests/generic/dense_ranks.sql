{#- The ranks are 1, 2 … n with no gap and no tie in each partition; NULL is not ranked. -#}
{% test dense_ranks(model, column_name, partition_by=none) %}
    select
        {{ partition_by ~ ',' if partition_by }}
        count(*) as ranked_rows,
        count(distinct {{ column_name }}) as ranks,
        min({{ column_name }}) as first_rank,
        max({{ column_name }}) as last_rank
    from {{ model }}
    where {{ column_name }} is not null
    {{ 'group by ' ~ partition_by if partition_by }}
    having
        count(*) > 0
        and (
            count(distinct {{ column_name }}) <> count(*)
            or min({{ column_name }}) <> 1
            or max({{ column_name }}) <> count(*)
        )
{% endtest %}
