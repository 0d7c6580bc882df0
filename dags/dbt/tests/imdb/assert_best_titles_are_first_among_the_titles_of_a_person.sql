-- Both ways: a person with a ranked title has a best title.
with best_titles as (
    select
        titles.nconst,
        titles.tconst,
        ranked_titles.weighted_score
    from {{ ref('mart_person_titles') }} as titles
    left join {{ ref('mart_top_titles') }} as ranked_titles on titles.tconst = ranked_titles.tconst
    where titles.title_rank = 1
)

select
    people.nconst,
    people.best_title_tconst,
    people.best_title_score,
    best_titles.tconst,
    best_titles.weighted_score
from {{ ref('mart_person_career') }} as people
left join best_titles on people.nconst = best_titles.nconst
where
    (people.best_title_tconst, people.best_title_score)
    is distinct from (best_titles.tconst, best_titles.weighted_score)
