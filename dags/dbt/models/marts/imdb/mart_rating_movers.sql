{{
    config(
        pre_hook="set local enable_nestloop = on",
        indexes=[{'columns': ['tconst']}],
    )
}}
{#- The hook: of most histories few titles moved, and these are looked up. -#}

with mart_rating_history as not materialized (
    select
        tconst,
        average_rating,
        num_votes,
        valid_from,
        valid_to
    from {{ ref('mart_rating_history') }}
),

stg_title_basics as not materialized (
    select
        tconst,
        primary_title,
        title_type,
        start_year,
        is_adult
    from {{ ref('stg_title_basics') }}
),

-- Not the clock's time: the same history gives the same movers.
bounds as (
    select
        min(valid_from) as first_load,
        greatest(max(valid_from), max(valid_to)) as newest_load
    from mart_rating_history
),

periods as (
    select
        spans.period,
        bounds.newest_load - spans.span as period_start,
        bounds.newest_load as period_end
    from bounds
    cross join (
        values
        -- The moment before the load; no other came in between.
        ('last load', interval '1 microsecond'),
        ('7 days', interval '168 hours'),
        ('30 days', interval '720 hours')
    ) as spans (period, span)
    where bounds.newest_load - spans.span >= bounds.first_load
),

-- Only what has another version than at the beginning can have moved.
versions_since as (
    select
        periods.period,
        periods.period_start,
        periods.period_end,
        before.tconst,
        before.average_rating as rating_before,
        present.average_rating as rating_now,
        before.num_votes as votes_before,
        present.num_votes as votes_now
    from periods
    inner join mart_rating_history as before
        on
            periods.period_start >= before.valid_from
            and periods.period_start < before.valid_to
    inner join mart_rating_history as present
        on before.tconst = present.tconst and present.valid_to is null
),

moves as (
    select
        versions_since.*,
        titles.primary_title,
        titles.title_type,
        titles.start_year,
        versions_since.rating_now - versions_since.rating_before as rating_change,
        versions_since.votes_now - versions_since.votes_before as votes_change
    from versions_since
    left join stg_title_basics as titles on versions_since.tconst = titles.tconst
    where titles.is_adult is not true
),

measured_moves as (
    select
        *,
        'votes' as measure,
        votes_change as change
    from moves
    union all
    select
        *,
        'rating' as measure,
        rating_change as change
    from moves
    where
        votes_before >= {{ threshold('movers_least_votes') }}
        and votes_now >= {{ threshold('movers_least_votes') }}
),

directed_moves as (
    select
        *,
        case when change > 0 then 'rose' else 'fell' end as direction
    from measured_moves
    where change <> 0
),

ranked_moves as (
    select
        *,
        row_number() over (
            partition by period, measure, direction
            order by abs(change) desc, votes_now desc nulls last, tconst collate "C" asc
        ) as mover_rank
    from directed_moves
),

mart_rating_movers as (
    select
        period,
        measure,
        direction,
        mover_rank,
        tconst,
        primary_title,
        title_type,
        start_year,
        rating_before,
        rating_now,
        rating_change,
        votes_before,
        votes_now,
        votes_change,
        period_start,
        period_end
    from ranked_moves
    where mover_rank <= {{ threshold('movers_per_list') }}
)

select * from mart_rating_movers
