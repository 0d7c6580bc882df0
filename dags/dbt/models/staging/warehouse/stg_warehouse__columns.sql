with column_log as (
    select * from {{ source('warehouse', 'column_log') }}
),

stg_warehouse__columns as (
    select
        load_id,
        column_name,
        source,
        dataset,
        rows,
        nulls,
        numbers,
        coalesce(numbers, rows - nulls) as usable_values,
        total
    from column_log
)

select * from stg_warehouse__columns
