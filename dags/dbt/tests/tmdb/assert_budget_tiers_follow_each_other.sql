with budget_tiers as (
    select
        budget_tier,
        lower_bound_usd,
        upper_bound_usd,
        lead(lower_bound_usd) over (order by lower_bound_usd) as next_lower_bound_usd,
        row_number() over (order by lower_bound_usd) as place
    from {{ ref('budget_tiers') }}
)

select *
from budget_tiers
where
    upper_bound_usd is distinct from next_lower_bound_usd
    or (place = 1 and lower_bound_usd > {{ var('tmdb_money_floor_usd') }})
