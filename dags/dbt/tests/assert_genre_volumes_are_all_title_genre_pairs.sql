with counted as (
    select
        (select coalesce(sum(total_titles), 0) from {{ ref('mart_genre_analytics') }}) as in_mart,
        (select count(*) from {{ ref('int_title_with_genres') }}) as pairs
)

select *
from counted
where in_mart <> pairs
