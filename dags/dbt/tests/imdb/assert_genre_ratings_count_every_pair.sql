-- Titles with the same list of genres are counted together, which gives the same sum.
with genre_lists as (
    select
        genres,
        count(*) as titles
    from {{ ref('stg_title_basics') }}
    where genres is not null and is_adult is not true
    group by genres
),

pairs_of_lists as (
    select
        genre_lists.titles,
        count(distinct listed.genre) as genres
    from genre_lists
    cross join unnest(genre_lists.genres) as listed (genre)
    group by genre_lists.genres, genre_lists.titles
),

counted as (
    select
        (select coalesce(sum(titles * genres), 0) from pairs_of_lists) as pairs,
        (select coalesce(sum(titles), 0) from {{ ref('int_genre_ratings') }}) as in_table
)

select *
from counted
where in_table <> pairs
