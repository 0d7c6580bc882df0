{{
    config(
        materialized='incremental',
        incremental_strategy='changed_keys',
        unique_key=['series_tconst', 'season_number'],
        meta={
            'datasets': ['title.episode', 'title.basics', 'title.ratings'],
            'scope': ['series_tconst'],
        },
    )
}}

with int_title_hierarchies as (
    select
        tconst,
        series_tconst,
        series_title,
        season_number,
        episode_number,
        average_rating,
        num_votes
    from {{ ref('int_title_hierarchies') }}
    where
        has_series
        and season_number is not null
        {% if is_incremental() %}
            -- As an array the planner looks these series up before it joins anything.
            and series_tconst = any(array(select touched.series_tconst from touched))
        {% endif %}
),

ranked_episodes as (
    select
        *,
        row_number() over (
            partition by series_tconst, season_number
            order by
                average_rating desc nulls last, num_votes desc nulls last, tconst collate "C"
        ) as best_rank,
        row_number() over (
            partition by series_tconst, season_number
            order by
                average_rating asc nulls last, num_votes desc nulls last, tconst collate "C"
        ) as worst_rank
    from int_title_hierarchies
),

seasons as (
    select
        series_tconst,
        season_number,
        -- Not in the group by: by the keys alone the rows are in order already.
        any_value(series_title) as series_title,
        count(*) as total_episodes,
        count(average_rating) as rated_episodes,
        min(episode_number) as first_episode_number,
        max(episode_number) as last_episode_number,
        avg(average_rating)::numeric(4, 2) as avg_episode_rating,
        coalesce(sum(num_votes), 0) as total_votes,
        max(tconst) filter (where best_rank = 1 and average_rating is not null)
            as best_episode_tconst,
        max(average_rating)::numeric(3, 1) as best_episode_rating,
        max(tconst) filter (where worst_rank = 1 and average_rating is not null)
            as worst_episode_tconst,
        min(average_rating)::numeric(3, 1) as worst_episode_rating
    from ranked_episodes
    group by series_tconst, season_number
),

mart_season_analytics as (
    select
        series_tconst,
        season_number,
        series_title,
        best_episode_tconst,
        worst_episode_tconst,
        total_episodes,
        rated_episodes,
        first_episode_number,
        last_episode_number,
        avg_episode_rating,
        best_episode_rating,
        worst_episode_rating,
        total_votes,
        (
            avg_episode_rating - lag(avg_episode_rating) over (
                partition by series_tconst order by season_number
            )
        )::numeric(4, 2) as rating_change
    from seasons
)

select * from mart_season_analytics
