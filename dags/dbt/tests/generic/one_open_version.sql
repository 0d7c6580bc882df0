{#- Of the versions of a thing in a snapshot one is open. -#}
{% test one_open_version(model, key) %}
    select
        {{ key }},
        count(*) filter (where dbt_valid_to is null) as open_versions
    from {{ model }}
    group by {{ key }}
    having count(*) filter (where dbt_valid_to is null) <> 1
{% endtest %}
