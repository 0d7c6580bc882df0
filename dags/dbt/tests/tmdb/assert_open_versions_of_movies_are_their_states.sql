-- A build writes each change into the history: what is open is what TMDb said last.
with snap_tmdb__movies as (
    select
        history,
        movie_id,
        title,
        status,
        budget_usd,
        revenue_usd,
        genres,
        release_date,
        is_gone
    from {{ ref('snap_tmdb__movies') }}
    where dbt_valid_to is null
),

int_tmdb__movies as (
    select
        history,
        movie_id,
        title,
        status,
        budget_usd,
        revenue_usd,
        genres,
        release_date,
        is_gone
    from {{ ref('int_tmdb__movies') }}
)

select * from int_tmdb__movies
except
select * from snap_tmdb__movies
