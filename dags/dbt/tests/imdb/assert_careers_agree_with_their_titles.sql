-- Of a tenth of the people, by the last digit of their ids, counted again.
with titles_per_person as (
    select
        nconst,
        count(distinct work_tconst) filter (where counts) as works,
        sum(cardinality(array_remove(roles, 'archive'))) filter (where counts) as credits
    from {{ ref('mart_person_titles') }}
    where right(nconst, 1) = '7'
    group by nconst
)

select
    people.nconst,
    people.distinct_titles,
    people.total_credits,
    titles_per_person.works,
    titles_per_person.credits
from {{ ref('mart_person_career') }} as people
full join titles_per_person on people.nconst = titles_per_person.nconst
where
    right(coalesce(people.nconst, titles_per_person.nconst), 1) = '7'
    and (people.distinct_titles, people.total_credits)
    is distinct from (titles_per_person.works, coalesce(titles_per_person.credits, 0))
