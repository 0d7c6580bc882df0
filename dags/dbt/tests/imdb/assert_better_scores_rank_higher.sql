with ranked_titles as (
    select
        tconst,
        type_group,
        group_rank,
        weighted_score,
        lag(weighted_score) over (partition by type_group order by group_rank) as score_before
    from {{ ref('mart_top_titles') }}
    where group_rank is not null
)

select *
from ranked_titles
where weighted_score > score_before
