{{
    config(
        unique_key=['tconst', 'genre'],
        indexes=[{'columns': ['genre', 'type_group', 'genre_rank']}],
    )
}}

with mart_top_titles as (
    select
        tconst,
        primary_title,
        title_type,
        type_group,
        genres,
        performance_tier,
        start_year,
        release_decade,
        average_rating,
        num_votes,
        weighted_score,
        score_percentile,
        group_rank,
        is_adult
    from {{ ref('mart_top_titles') }}
    where genres is not null
),

-- A genre that a list names twice counts once.
title_genres as (
    select
        titles.*,
        listed_genre.genre
    from mart_top_titles as titles
    cross join unnest(titles.genres) with ordinality as listed_genre (genre, position)
    where array_position(titles.genres, listed_genre.genre) = listed_genre.position
),

mart_title_genre_ranks as (
    select
        tconst,
        genre,
        primary_title,
        title_type,
        type_group,
        performance_tier,
        start_year,
        release_decade,
        average_rating,
        num_votes,
        weighted_score,
        score_percentile,
        case
            when group_rank is not null
                then row_number() over (partition by genre, type_group order by group_rank)
        end as genre_rank,
        count(group_rank) over (partition by genre, type_group) as genre_titles,
        case
            when group_rank is not null and release_decade is not null
                then row_number() over (
                        partition by genre, type_group, release_decade order by group_rank
                    )
        end as genre_decade_rank,
        is_adult
    from title_genres
)

select * from mart_title_genre_ranks
