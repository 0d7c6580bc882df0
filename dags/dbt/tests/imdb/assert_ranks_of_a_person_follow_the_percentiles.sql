with ranked_titles as (
    select
        tconst,
        score_percentile
    from {{ ref('mart_top_titles') }}
    where type_group in ('Film', 'Series') and score_percentile is not null
),

titles_of_people as (
    select
        titles.nconst,
        titles.tconst,
        titles.title_rank,
        ranked_titles.score_percentile,
        lag(ranked_titles.score_percentile) over (
            partition by titles.nconst order by titles.title_rank
        ) as percentile_before
    from {{ ref('mart_person_titles') }} as titles
    left join ranked_titles on titles.tconst = ranked_titles.tconst
    where
        titles.title_rank is not null
        or (titles.counts and ranked_titles.tconst is not null)
)

select *
from titles_of_people
where
    title_rank is null
    or score_percentile is null
    or score_percentile > percentile_before
