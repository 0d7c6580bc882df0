{#-
    Keys without a parent, as dbt_utils.relationships_where, with a share of orphans that is still
    fine: dangling keys are real in these files. Nothing fails while the parent is empty, that is
    not loaded. The failing rows are the orphaned keys.

    from_model: read the keys from this table upstream instead of from the tested model. So a view
    carries the test of the tables that it joins, and the test runs when the view is built, when all
    of them are there, without paying for the view.
-#}
{% test relationships_where(
    model, column_name, to, field, from_model=none, from_condition='true', to_condition='true',
    max_share=0
) %}
    with children as not materialized (
        select {{ column_name }} as child_key
        from {{ from_model or model }}
        where {{ column_name }} is not null and {{ from_condition }}
    ),

    parents as not materialized (
        select {{ field }} as parent_key
        from {{ to }}
        where {{ to_condition }}
    ),

    orphans as (
        select
            children.child_key,
            count(*) as orphaned_rows
        from children
        left join parents on children.child_key = parents.parent_key
        where parents.parent_key is null
        group by children.child_key
    )

    select *
    from orphans
    where
        exists (select from parents)
        and (select sum(orphaned_rows) from orphans)
        > (select count(*) from children) * {{ max_share }}::numeric
{% endtest %}
