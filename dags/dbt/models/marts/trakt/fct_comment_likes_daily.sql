{{
    config(
        materialized='incremental',
        incremental_strategy='changed_keys',
        unique_key=['comment_id', 'day'],
        meta={
            'datasets': ['comment_measures', 'comments'],
            'scope': 'comment_id',
        },
    )
}}

with stg_trakt__comment_measures as (
    {{ own_rows(ref('stg_trakt__comment_measures'), 'comment_id') }}
),

comments as (
    select
        comment_id,
        title_key,
        {{ utc_day('gone_at') }} as gone_on
    from {{ ref('base_trakt__comments') }}
    where title_key is not null
),

steps as (
    select
        comment_id,
        day,
        likes,
        replies,
        rating,
        likes - lag(likes) over comment_days as likes_change,
        replies - lag(replies) over comment_days as replies_change,
        lag(day) over comment_days as previous_day,
        lead(day) over comment_days as next_day
    from stg_trakt__comment_measures
    window comment_days as (partition by comment_id order by day)
),

fct_comment_likes_daily as (
    select
        steps.comment_id,
        steps.day,
        comments.title_key,
        steps.likes,
        steps.replies,
        steps.rating,
        steps.likes_change,
        steps.replies_change,
        steps.previous_day,
        least(steps.next_day, comments.gone_on) as until_day
    from steps
    inner join comments on steps.comment_id = comments.comment_id
)

select * from fct_comment_likes_daily
