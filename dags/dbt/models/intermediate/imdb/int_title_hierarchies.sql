with stg_title_episode as (
    select
        tconst,
        parent_tconst,
        season_number,
        episode_number
    from {{ ref('stg_title_episode') }}
),

-- Titles and ratings are joined twice; materialized, they would have no index for a few series.
stg_title_basics as not materialized (
    select
        tconst,
        title_type,
        primary_title,
        start_year,
        runtime_minutes,
        is_adult
    from {{ ref('stg_title_basics') }}
),

stg_title_ratings as not materialized (
    select
        tconst,
        average_rating,
        num_votes
    from {{ ref('stg_title_ratings') }}
),

title_types as (
    select
        title_type,
        is_series
    from {{ ref('title_types') }}
),

int_title_hierarchies as (
    select
        episodes.tconst,
        episodes.parent_tconst as series_tconst,
        episode_titles.primary_title as episode_title,
        series_titles.primary_title as series_title,
        series_titles.title_type as series_type,
        episodes.season_number,
        episodes.episode_number,
        episode_titles.start_year,
        episode_titles.runtime_minutes,
        episode_ratings.average_rating,
        episode_ratings.num_votes,
        series_ratings.average_rating as series_average_rating,
        series_ratings.num_votes as series_num_votes,
        coalesce(title_types.is_series, false) as has_series,
        coalesce(episode_titles.is_adult, false) as is_adult,
        coalesce(series_titles.is_adult, false) as series_is_adult
    from stg_title_episode as episodes
    left join stg_title_basics as episode_titles on episodes.tconst = episode_titles.tconst
    left join stg_title_ratings as episode_ratings on episodes.tconst = episode_ratings.tconst
    left join stg_title_basics as series_titles
        on episodes.parent_tconst = series_titles.tconst
    left join stg_title_ratings as series_ratings
        on episodes.parent_tconst = series_ratings.tconst
    left join title_types on series_titles.title_type = title_types.title_type
)

select * from int_title_hierarchies
