with load_log as (
    select * from {{ source('warehouse', 'load_log') }}
),

stg_warehouse__loads as (
    select
        load_id,
        source,
        dataset,
        origin,
        url,
        last_modified,
        rows,
        count(*) filter (where history_begins) over (
            partition by source, dataset
            order by load_id
        ) as history,
        loaded_at
    from load_log
)

select * from stg_warehouse__loads
