{#-
    A staging table has as many rows as its raw table has after the newest load, or at least min_share
    of them. A dataset that was never loaded passes.
-#}
{% test row_count_matches_ledger(model, min_share=none) %}
    with newest_load as (
        select
            load_id,
            rows as ledger_rows
        from {{ source('warehouse', 'load_log') }}
        where {{ is_load_of(raw_table_of_staging(model)) if execute else 'true' }}
        order by load_id desc
        limit 1
    ),

    model_rows as (
        select count(*) as model_rows
        from {{ model }}
    )

    select *
    from newest_load
    cross join model_rows
    where
        {% if min_share is none -%} model_rows <> ledger_rows
        {%- else -%} model_rows < ledger_rows * {{ min_share }}::numeric
        {%- endif %}
{% endtest %}
