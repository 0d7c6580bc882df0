{#-
    The table has as many rows as the file of the newest load, or at least min_share of them. A file
    that was never loaded says nothing.
-#}
{% test row_count_matches_ledger(model, dataset, min_share=none) %}
    with newest_load as (
        select
            load_id,
            rows as ledger_rows
        from {{ source('meta', 'load_log') }}
        where dataset = '{{ dataset }}'
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
