with ranked_titles as (
    select
        tconst,
        weighted_score,
        overall_rank,
        lag(weighted_score) over (order by overall_rank) as score_before
    from {{ ref('mart_top_titles') }}
)

select *
from ranked_titles
where weighted_score > score_before
