{{
    config(
        materialized='incremental',
        incremental_strategy='changed_keys',
        unique_key=['title_key', 'week'],
        meta={
            'datasets': ['comments', 'comment_versions', 'titles', 'seasons'],
            'scope': 'title_key',
        },
    )
}}

with fct_comment as (
    {{ own_rows(ref('fct_comment'), 'title_key') }}
),

comments as (
    select
        *,
        created_week as week
    from fct_comment
    where counts_in_week
),

comments_per_user as (
    select
        title_key,
        week,
        user_key,
        count(*) as comments
    from comments
    where user_key is not null
    group by title_key, week, user_key
),

users as (
    select
        title_key,
        week,
        count(*) as breadth,
        sum(comments)::bigint as authored_comments,
        sum(comments * comments)::bigint as sum_squared_user_comments
    from comments_per_user
    group by title_key, week
),

counts as (
    select
        title_key,
        week,
        min(kind) as kind,
        min(title_id) as title_id,
        {{ comment_counts() }}
    from comments
    group by title_key, week
),

mart_title_engagement_weekly as (
    select
        counts.title_key,
        counts.week,
        to_char(counts.week, 'IYYY-"W"IW') as iso_week,
        counts.kind,
        counts.title_id,
        {% for column in comment_count_columns() -%}
            counts.{{ column }},
        {% endfor -%}
        coalesce(users.authored_comments, 0) as authored_comments,
        coalesce(users.breadth, 0) as breadth,
        coalesce(users.sum_squared_user_comments, 0) as sum_squared_user_comments,
        {{ effective_number('users.authored_comments', 'users.sum_squared_user_comments') }}
            as effective_breadth,
        {{ ratio('users.authored_comments', 'users.breadth') }} as intensity,
        {{ ratio('counts.replies', 'counts.top_level_comments') }} as reply_depth,
        {{ ratio('counts.likes', 'counts.top_level_comments') }} as appreciation,
        {{ ratio('counts.rating_sum', 'counts.rated_comments') }} as avg_rating
    from counts
    left join users on counts.title_key = users.title_key and counts.week = users.week
)

select * from mart_title_engagement_weekly
