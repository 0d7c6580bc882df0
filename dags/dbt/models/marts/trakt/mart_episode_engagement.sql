{{
    config(
        materialized='incremental',
        incremental_strategy='changed_keys',
        unique_key=['title_key', 'season', 'episode'],
        meta={
            'datasets': ['comments', 'comment_versions', 'titles', 'seasons'],
            'scope': 'title_key',
        },
    )
}}

with fct_comment as (
    {{ own_rows(ref('fct_comment'), 'title_key') }}
),

stg_trakt__episodes as (
    select
        title_id,
        season,
        episode,
        episode_title,
        released_on
    from {{ ref('stg_trakt__episodes') }}
),

comments as (
    select * from fct_comment
    where level = 'episode' and season is not null and episode is not null
),

comments_per_user as (
    select
        title_key,
        season,
        episode,
        user_key,
        count(*) as comments
    from comments
    where counts_now and user_key is not null
    group by title_key, season, episode, user_key
),

users as (
    select
        title_key,
        season,
        episode,
        count(*) as breadth,
        sum(comments)::bigint as authored_comments,
        sum(comments * comments)::bigint as sum_squared_user_comments
    from comments_per_user
    group by title_key, season, episode
),

-- An episode whose comments are all gone stays.
counts as (
    select
        title_key,
        season,
        episode,
        min(title_id) as title_id,
        {{ comment_counts('counts_now') }},
        count(*) filter (where not counts_now) as gone_comments,
        case
            when count(age_days) filter (where counts_now) > 0
                then count(*) filter (where counts_now and age_days between 0 and 6)
        end as first_week_comments
    from comments
    group by title_key, season, episode
),

mart_episode_engagement as (
    select
        counts.title_key,
        counts.season,
        counts.episode,
        counts.title_id,
        episodes.episode_title,
        {% for column in comment_count_columns() -%}
            counts.{{ column }},
        {% endfor -%}
        counts.gone_comments,
        counts.first_week_comments,
        coalesce(users.authored_comments, 0) as authored_comments,
        coalesce(users.breadth, 0) as breadth,
        coalesce(users.sum_squared_user_comments, 0) as sum_squared_user_comments,
        {{ effective_number('users.authored_comments', 'users.sum_squared_user_comments') }}
            as effective_breadth,
        {{ ratio('users.authored_comments', 'users.breadth') }} as intensity,
        {{ ratio('counts.replies', 'counts.top_level_comments') }} as reply_depth,
        {{ ratio('counts.likes', 'counts.top_level_comments') }} as appreciation,
        {{ ratio('counts.rating_sum', 'counts.rated_comments') }} as avg_rating,
        episodes.released_on
    from counts
    left join users
        on
            counts.title_key = users.title_key
            and counts.season = users.season
            and counts.episode = users.episode
    left join stg_trakt__episodes as episodes
        on
            counts.title_id = episodes.title_id
            and counts.season = episodes.season
            and counts.episode = episodes.episode
)

select * from mart_episode_engagement
