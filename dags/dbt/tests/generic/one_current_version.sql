{#-
    A thing that is not gone has one current version, also where its body was too old and left; one that
    is gone has none.
-#}
{% test one_current_version(model, key, states) %}
    with currents as (
        select
            {{ key }},
            count(*) as current_versions
        from {{ model }}
        where is_current
        group by {{ key }}
    )

    select
        coalesce(states.{{ key }}, currents.{{ key }}) as {{ key }},
        states.is_gone,
        currents.current_versions
    from {{ states }} as states
    full join currents on states.{{ key }} = currents.{{ key }}
    where coalesce(currents.current_versions, 0) <> case when states.is_gone then 0 else 1 end
{% endtest %}
