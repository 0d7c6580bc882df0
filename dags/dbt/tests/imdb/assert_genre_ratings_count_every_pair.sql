-- Of the titles of every tenth year, counted again.
with pairs as (
    select distinct
        titles.tconst,
        listed.genre
    from {{ ref('stg_title_basics') }} as titles
    cross join unnest(titles.genres) as listed (genre)
    where titles.start_year % 10 = 0
),

counted as (
    select
        (select count(*) from pairs) as pairs,
        (
            select coalesce(sum(titles), 0)
            from {{ ref('int_genre_ratings') }}
            where start_year % 10 = 0
        ) as in_table
)

select *
from counted
where in_table <> pairs
