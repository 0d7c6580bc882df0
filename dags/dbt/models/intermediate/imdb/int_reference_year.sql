with stg_warehouse__loads as (
    select
        load_id,
        dataset,
        last_modified,
        loaded_at
    from {{ ref('stg_warehouse__loads') }}
    where source = 'imdb' and {{ is_in_build('load_id') }}
),

newest_loads as (
    select distinct on (dataset)
        coalesce(
            substring(last_modified from '^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} (\d{4}) ')::integer,
            extract(year from loaded_at at time zone 'UTC')::integer
        ) as load_year
    from stg_warehouse__loads
    order by dataset asc, load_id desc
),

int_reference_year as (
    select max(load_year) as reference_year from newest_loads
)

select * from int_reference_year
