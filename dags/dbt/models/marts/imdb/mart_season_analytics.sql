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
        num_votes,
        series_is_adult
    from {{ ref('int_title_hierarchies') }}
    where
        has_series
        and season_number is not null
        {% if is_incremental() %}
            -- As an array the planner looks these series up before it joins anything.
            and series_tconst = any(array(select touched.series_tconst from touched))
        {% endif %}
),

episode_group as (
    select least_votes
    from {{ ref('type_groups') }}
    where type_group = 'Episode'
),

-- Best and worst are found among episodes that have enough votes.
episodes as (
    select
        int_title_hierarchies.*,
        int_title_hierarchies.average_rating is not null
        and coalesce(int_title_hierarchies.num_votes >= episode_group.least_votes, false)
            as is_compared
    from int_title_hierarchies
    cross join episode_group
),

ranked_episodes as (
    select
        *,
        row_number() over (
            partition by series_tconst, season_number, is_compared
            order by average_rating desc, num_votes desc, tconst collate "C"
        ) as best_rank,
        row_number() over (
            partition by series_tconst, season_number, is_compared
            order by average_rating asc, num_votes desc, tconst collate "C"
        ) as worst_rank,
        count(*) over (partition by series_tconst, season_number, is_compared) as compared
    from episodes
),

season_episodes as (
    select
        series_tconst,
        season_number,
        -- Not in the group by: by the keys alone the rows are in order already.
        any_value(series_title) as series_title,
        max(tconst) filter (where is_compared and best_rank = 1 and compared > 1)
            as best_episode_tconst,
        max(tconst) filter (where is_compared and worst_rank = 1 and compared > 1)
            as worst_episode_tconst,
        count(*) as total_episodes,
        count(average_rating) as rated_episodes,
        min(episode_number) as first_episode_number,
        max(episode_number) as last_episode_number,
        avg(average_rating)::numeric(4, 2) as mean_rating,
        max(average_rating) filter (where is_compared and compared > 1)::numeric(3, 1)
            as best_episode_rating,
        min(average_rating) filter (where is_compared and compared > 1)::numeric(3, 1)
            as worst_episode_rating,
        coalesce(sum(num_votes), 0) as total_votes,
        coalesce(sum(num_votes) filter (where average_rating is not null), 0) as rated_votes,
        bool_or(series_is_adult) as is_adult
    from ranked_episodes
    group by series_tconst, season_number
),

judged_seasons as (
    select
        *,
        {{ season_kind('season_number') }} as season_kind,
        rated_episodes >= {{ threshold('season_least_rated_episodes') }}
        and rated_votes >= {{ threshold('season_least_votes') }} as has_enough_ratings
    from season_episodes
),

seasons as (
    select
        *,
        (case when has_enough_ratings then mean_rating end)::numeric(4, 2) as avg_episode_rating
    from judged_seasons
),

mart_season_analytics as (
    select
        series_tconst,
        season_number,
        series_title,
        season_kind,
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
            case
                when season_kind = 'Numbered'
                    then avg_episode_rating - lag(avg_episode_rating) over (
                            partition by series_tconst, season_kind order by season_number
                        )
            end
        )::numeric(4, 2) as rating_change,
        has_enough_ratings,
        is_adult
    from seasons
)

select * from mart_season_analytics
