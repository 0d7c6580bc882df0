{{
    config(
        unique_key='comment_id',
        meta={'datasets': ['comments']},
        indexes=[{'columns': ['title_key']}],
    )
}}

with trakt_comments as (
    {{ rows_of(source('trakt', 'comments')) }}
),

base_trakt__comments as (
    select
        comment_id,
        {{ title_key('level', 'title_id') }} as title_key,
        parent_id,
        user_key,
        content_hash,
        {{ title_kind('level') }} as kind,
        level,
        title_id,
        season,
        episode,
        is_private_user,
        is_deleted_user,
        first_seen_at,
        gone_at,
        hidden_at
    from trakt_comments
)

select * from base_trakt__comments
