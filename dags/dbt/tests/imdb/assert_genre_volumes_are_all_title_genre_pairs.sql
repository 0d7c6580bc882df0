with counted as (
    select
        (select coalesce(sum(total_titles), 0) from {{ ref('mart_genre_analytics') }}) as in_mart,
        (select coalesce(sum(titles), 0) from {{ ref('int_genre_ratings') }}) as pairs
)

select *
from counted
where in_mart <> pairs
