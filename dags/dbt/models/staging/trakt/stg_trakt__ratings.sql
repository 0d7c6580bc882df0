{{
    config(
        unique_key=['kind', 'title_id'],
        meta={'datasets': ['ratings']},
    )
}}

with trakt_ratings as (
    {{ rows_of(source('trakt', 'ratings')) }}
),

-- Some answers have Trakt's ratings beside those of other places.
own_ratings as (
    select
        level as kind,
        title_id,
        ingested_at,
        case
            when jsonb_typeof(raw_data -> 'trakt') = 'object' then raw_data -> 'trakt'
            else raw_data
        end as ratings
    from trakt_ratings
    where raw_data is not null
),

counted as (
    select
        kind,
        title_id,
        ingested_at,
        {{ json_mean_rating("(ratings ->> 'rating')") }} as rating,
        {{ json_count("(ratings ->> 'votes')") }} as votes,
        {{ json_distribution("(ratings -> 'distribution')") }} as distribution
    from own_ratings
),

stg_trakt__ratings as (
    select
        kind,
        title_id,
        {{ title_key('kind', 'title_id') }} as title_key,
        -- Without votes Trakt writes 0.
        (case when votes > 0 then rating end)::numeric(7, 5) as rating,
        votes,
        case when num_nulls(variadic distribution) = 0 then distribution end as distribution,
        ingested_at as answered_at
    from counted
)

select * from stg_trakt__ratings
