{{
    config(
        materialized='incremental',
        incremental_strategy='changed_keys',
        unique_key=['title_key', 'score'],
        meta={
            'datasets': ['ratings'],
            'scope': 'title_key',
        },
    )
}}

with stg_trakt__ratings as (
    {{ own_rows(ref('stg_trakt__ratings'), 'title_key') }}
),

scores as (
    select
        ratings.title_key,
        ratings.kind,
        ratings.title_id,
        ratings.rating,
        ratings.votes as announced_votes,
        ratings.answered_at,
        element.score::integer as score,
        element.votes
    from stg_trakt__ratings as ratings
    cross join lateral unnest(ratings.distribution) with ordinality as element (votes, score)
),

totals as (
    select
        *,
        sum(votes) over (partition by title_key) as distribution_votes,
        sum(votes) over (partition by title_key order by score) as votes_up_to
    from scores
),

mart_rating_distribution as (
    select
        title_key,
        score,
        kind,
        title_id,
        votes,
        distribution_votes,
        announced_votes,
        {{ ratio('votes', 'distribution_votes', 'numeric(7, 6)') }} as share,
        {{ ratio('votes_up_to', 'distribution_votes', 'numeric(7, 6)') }} as share_up_to,
        rating,
        answered_at
    from totals
)

select * from mart_rating_distribution
