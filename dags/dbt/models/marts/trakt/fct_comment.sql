{{
    config(
        materialized='incremental',
        incremental_strategy='changed_keys',
        unique_key='comment_id',
        meta={'datasets': ['comments', 'comment_versions', 'titles', 'seasons']},
        indexes=[{'columns': ['title_key']}],
    )
}}

{#- Not stg_trakt__comments: of each table the touched rows are found first, then joined. -#}
with base_trakt__comments as (
    {{ own_rows(ref('base_trakt__comments'), 'comment_id') }}
),

stg_trakt__comment_versions as (
    {{ own_rows(ref('stg_trakt__comment_versions'), 'comment_id') }}
),

stg_trakt__titles as (
    select
        kind,
        title_id,
        released_on
    from {{ ref('stg_trakt__titles') }}
),

stg_trakt__seasons as (
    select
        title_id,
        season,
        released_on
    from {{ ref('stg_trakt__seasons') }}
),

stg_trakt__episodes as (
    select
        title_id,
        season,
        episode,
        released_on
    from {{ ref('stg_trakt__episodes') }}
),

versions as (
    select
        *,
        first_value(rating) over (
            partition by comment_id
            order by first_seen, content_hash
        ) as rating_at_first_sight
    from stg_trakt__comment_versions
),

-- Comments on lists are about no title.
comments as (
    select
        comments.*,
        versions.language,
        versions.words,
        versions.likes,
        versions.replies,
        versions.rating,
        versions.is_review,
        versions.is_spoiler,
        versions.created_at,
        versions.updated_at,
        versions.rating_at_first_sight,
        {{ utc_day('versions.created_at') }} as created_on,
        {{ utc_day('comments.gone_at') }} as gone_on,
        case comments.level
            when 'season' then seasons.released_on
            when 'episode' then episodes.released_on
            else titles.released_on
        end as released_on
    from base_trakt__comments as comments
    inner join versions
        on
            comments.comment_id = versions.comment_id
            and comments.content_hash = versions.content_hash
    left join stg_trakt__titles as titles
        on
            comments.kind = titles.kind
            and comments.title_id = titles.title_id
            and comments.level in ('movie', 'show')
    left join stg_trakt__seasons as seasons
        on
            comments.title_id = seasons.title_id
            and comments.season = seasons.season
            and comments.level = 'season'
    left join stg_trakt__episodes as episodes
        on
            comments.title_id = episodes.title_id
            and comments.season = episodes.season
            and comments.episode = episodes.episode
            and comments.level = 'episode'
    where comments.title_key is not null and versions.created_at is not null
),

fct_comment as (
    select
        comment_id,
        title_key,
        parent_id,
        user_key,
        kind,
        level,
        language,
        title_id,
        season,
        episode,
        words,
        likes,
        replies,
        rating_at_first_sight,
        rating,
        created_on - released_on as age_days,
        parent_id is not null as is_reply,
        is_review,
        is_spoiler,
        is_private_user,
        is_deleted_user,
        hidden_at is not null as is_hidden,
        created_on < released_on as is_anticipation,
        gone_on is null as counts_now,
        coalesce(gone_on > {{ iso_monday('created_on') }} + 6, true) as counts_in_week,
        created_at,
        created_on,
        {{ iso_monday('created_on') }} as created_week,
        updated_at,
        first_seen_at,
        gone_at,
        gone_on,
        released_on
    from comments
)

select * from fct_comment
