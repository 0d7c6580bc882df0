select
    people.nconst,
    people.best_title_tconst,
    people.best_title_score,
    titles.weighted_score
from {{ ref('mart_person_career') }} as people
left join {{ ref('mart_top_titles') }} as titles on people.best_title_tconst = titles.tconst
where people.best_title_tconst is not null
    and people.best_title_score is distinct from titles.weighted_score
