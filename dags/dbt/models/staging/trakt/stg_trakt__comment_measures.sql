{{
    config(
        unique_key=['comment_id', 'day'],
        meta={'datasets': ['comment_measures']},
    )
}}

with trakt_comment_measures as (
    {{ rows_of(source('trakt', 'comment_measures')) }}
),

stg_trakt__comment_measures as (
    select
        comment_id,
        observed_on as day,
        case when likes >= 0 then likes end as likes,
        case when replies >= 0 then replies end as replies,
        case when user_rating between 1 and 10 then user_rating end as rating
    from trakt_comment_measures
)

select * from stg_trakt__comment_measures
