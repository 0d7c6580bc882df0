with stg_trakt__comments as (
    select
        first_seen_at,
        gone_at,
        hidden_at
    from {{ ref('stg_trakt__comments') }}
),

stg_trakt__comment_versions as (
    select first_seen from {{ ref('stg_trakt__comment_versions') }}
),

stg_trakt__comment_measures as (
    select day from {{ ref('stg_trakt__comment_measures') }}
),

stg_trakt__titles as (
    select answered_at from {{ ref('stg_trakt__titles') }}
),

stg_trakt__seasons as (
    select answered_at from {{ ref('stg_trakt__seasons') }}
),

stg_trakt__ratings as (
    select answered_at from {{ ref('stg_trakt__ratings') }}
),

stg_trakt__stats as (
    select answered_at from {{ ref('stg_trakt__stats') }}
),

newest as (
    select {{ utc_day('max(greatest(first_seen_at, gone_at, hidden_at))') }} as day
    from stg_trakt__comments
    union all
    select {{ utc_day('max(first_seen)') }} as day from stg_trakt__comment_versions
    union all
    select max(day) as day from stg_trakt__comment_measures
    union all
    select {{ utc_day('max(answered_at)') }} as day from stg_trakt__titles
    union all
    select {{ utc_day('max(answered_at)') }} as day from stg_trakt__seasons
    union all
    select {{ utc_day('max(answered_at)') }} as day from stg_trakt__ratings
    union all
    select {{ utc_day('max(answered_at)') }} as day from stg_trakt__stats
),

int_trakt__reference_day as (
    select max(day) as reference_day from newest
)

select * from int_trakt__reference_day
