{{ config(materialized='view') }}

with base_trakt__comments as (
    select * from {{ ref('base_trakt__comments') }}
),

base_trakt__comment_versions as (
    select * from {{ ref('base_trakt__comment_versions') }}
),

stg_trakt__comments as (
    select
        comments.comment_id,
        comments.title_key,
        comments.parent_id,
        comments.user_key,
        comments.content_hash,
        comments.kind,
        comments.level,
        versions.language,
        comments.title_id,
        comments.season,
        comments.episode,
        versions.words,
        versions.likes,
        versions.replies,
        versions.rating,
        versions.play_count,
        comments.parent_id is not null as is_reply,
        versions.is_review,
        versions.is_spoiler,
        comments.is_private_user,
        comments.is_deleted_user,
        versions.created_at,
        versions.updated_at,
        comments.first_seen_at,
        comments.gone_at,
        comments.hidden_at
    from base_trakt__comments as comments
    left join base_trakt__comment_versions as versions
        on
            comments.comment_id = versions.comment_id
            and comments.content_hash = versions.content_hash
)

select * from stg_trakt__comments
