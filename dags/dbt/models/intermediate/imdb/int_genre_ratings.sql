{{ config(materialized='table', post_hook="{{ after_build() }}") }}

with stg_title_basics as (
    select
        tconst,
        title_type,
        genres,
        start_year
    from {{ ref('stg_title_basics') }}
    where genres is not null and is_adult is not true
),

stg_title_ratings as (
    select
        tconst,
        average_rating,
        num_votes
    from {{ ref('stg_title_ratings') }}
),

-- Titles that count alike are counted before their list of genres is taken apart.
titles_alike as (
    select
        titles.title_type,
        titles.genres,
        titles.start_year,
        ratings.average_rating,
        count(*) as titles,
        coalesce(sum(ratings.num_votes), 0) as votes
    from stg_title_basics as titles
    left join stg_title_ratings as ratings on titles.tconst = ratings.tconst
    group by titles.title_type, titles.genres, titles.start_year, ratings.average_rating
),

-- A genre that a list names twice counts once.
listed_genres as (
    select
        titles_alike.*,
        listed_genre.genre
    from titles_alike
    cross join unnest(titles_alike.genres) with ordinality as listed_genre (genre, position)
    where array_position(titles_alike.genres, listed_genre.genre) = listed_genre.position
),

int_genre_ratings as (
    select
        genre,
        title_type,
        start_year,
        average_rating,
        sum(titles)::bigint as titles,
        sum(votes)::bigint as votes
    from listed_genres
    group by genre, title_type, start_year, average_rating
)

select * from int_genre_ratings
