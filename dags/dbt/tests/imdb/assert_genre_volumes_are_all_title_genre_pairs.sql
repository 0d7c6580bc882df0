-- Of the types that have one of these platforms.
with counted as (
    select
        (
            select coalesce(sum(total_titles + total_episodes), 0)
            from {{ ref('mart_genre_analytics') }}
        ) as in_mart,
        (
            select coalesce(sum(ratings.titles), 0)
            from {{ ref('int_genre_ratings') }} as ratings
            inner join {{ ref('title_types') }} as title_types
                on ratings.title_type = title_types.title_type
            where title_types.platform in ('Film', 'Series', 'Short')
        ) as pairs
)

select *
from counted
where in_mart <> pairs
