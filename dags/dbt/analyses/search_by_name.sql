-- A misspelt or foreign name: % uses the trigram index, <-> orders by likeness. A higher threshold
-- (set pg_trgm.similarity_threshold = 0.5) is faster and finds less.
select
    primary_title,
    name,
    region,
    title_type,
    start_year,
    num_votes
from mart_title_search
where name % 'the lighthose keeper' and not is_adult
order by name <-> 'the lighthose keeper', num_votes desc
limit 10
