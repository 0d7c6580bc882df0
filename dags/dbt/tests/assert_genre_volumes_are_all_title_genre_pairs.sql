-- In the table behind the marts every pair counts once; of every tenth year they are counted again.
with counted as (
    select
        (select coalesce(sum(total_titles), 0) from {{ ref('mart_genre_analytics') }}) as in_mart,
        (select coalesce(sum(titles), 0) from {{ ref('int_genre_ratings') }}) as in_genre_ratings,
        (
            select coalesce(sum(titles), 0) from {{ ref('int_genre_ratings') }}
            where start_year % 10 = 0
        ) as of_tenth_years,
        (
            select count(*) from {{ ref('int_title_with_genres') }}
            where start_year % 10 = 0
        ) as pairs_of_tenth_years
)

select *
from counted
where in_mart <> in_genre_ratings or of_tenth_years <> pairs_of_tenth_years
