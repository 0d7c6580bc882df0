{{ config(materialized='view') }}

with base_trakt__comment_versions as (
    select * from {{ ref('base_trakt__comment_versions') }}
),

stg_trakt__comment_versions as (
    select
        comment_id,
        content_hash,
        language,
        words,
        likes,
        replies,
        rating,
        is_review,
        is_spoiler,
        created_at,
        updated_at,
        first_seen
    from base_trakt__comment_versions
)

select * from stg_trakt__comment_versions
