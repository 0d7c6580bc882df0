{#-
    The versions of a thing do not overlap, and the next one begins when one ends by a change. Time
    passes between them only where the thing was gone.
-#}
{% test versions_follow_each_other(model, key) %}
    with versions as (
        select
            {{ key }},
            effective_date,
            expiration_date,
            ended_by,
            lead(effective_date) over (
                partition by {{ key }}
                order by effective_date
            ) as next_effective_date
        from {{ model }}
    )

    select *
    from versions
    where
        (expiration_date is null and next_effective_date is not null)
        or expiration_date > next_effective_date
        or (ended_by = 'change' and expiration_date is distinct from next_effective_date)
{% endtest %}
