{{
    config(
        unique_key=['comment_id', 'content_hash'],
        meta={'datasets': ['comment_versions']},
    )
}}

with trakt_comment_versions as (
    {{ rows_of(source('trakt', 'comment_versions')) }}
),

base_trakt__comment_versions as (
    select
        versions.comment_id,
        versions.content_hash,
        nullif(body.language, '') as language,
        versions.words,
        {{ json_count('body.likes') }} as likes,
        {{ json_count('body.replies') }} as replies,
        {{ json_score('body.user_rating') }} as rating,
        {{ json_count("(body.user_stats ->> 'play_count')") }} as play_count,
        {{ json_flag('body.review') }} as is_review,
        {{ json_flag('body.spoiler') }} as is_spoiler,
        {{ json_moment('body.created_at') }} as created_at,
        {{ json_moment('body.updated_at') }} as updated_at,
        versions.first_seen
    from trakt_comment_versions as versions
    {{ read_body(
        'versions.raw_data',
        text=[
            'language', 'likes', 'replies', 'user_rating', 'review', 'spoiler',
            'created_at', 'updated_at'
        ],
        json=['user_stats']
    ) }}
)

select * from base_trakt__comment_versions
