with stg_title_basics as (
    select
        tconst,
        title_type,
        genres,
        start_year,
        runtime_minutes,
        is_adult
    from {{ ref('stg_title_basics') }}
),

stg_title_ratings as (
    select
        tconst,
        average_rating,
        num_votes
    from {{ ref('stg_title_ratings') }}
),

title_types as (
    select
        title_type,
        platform
    from {{ ref('title_types') }}
),

-- A genre that a list names twice counts once, at its first position.
title_genres as (
    select
        titles.*,
        listed_genre.genre,
        listed_genre.position::integer as genre_position
    from stg_title_basics as titles
    cross join unnest(titles.genres) with ordinality as listed_genre (genre, position)
    where array_position(titles.genres, listed_genre.genre) = listed_genre.position
),

int_title_with_genres as (
    select
        title_genres.tconst,
        title_genres.genre,
        title_genres.title_type,
        title_types.platform,
        title_genres.genre_position,
        title_genres.start_year,
        {{ decade('title_genres.start_year') }} as release_decade,
        title_genres.runtime_minutes,
        ratings.average_rating,
        ratings.num_votes,
        title_genres.is_adult
    from title_genres
    left join stg_title_ratings as ratings on title_genres.tconst = ratings.tconst
    left join title_types on title_genres.title_type = title_types.title_type
)

select * from int_title_with_genres
