-- Both ways, values and all. Where the changes of the newest load could not be given exactly the
-- history ends before it, of which another test warns.
with versions as (
    select
        tconst,
        average_rating,
        num_votes,
        valid_from_load_id
    from {{ ref('mart_rating_history') }}
    where valid_to is null
),

stg_title_ratings as (
    select
        tconst,
        average_rating,
        num_votes
    from {{ ref('stg_title_ratings') }}
)

select
    coalesce(ratings.tconst, versions.tconst) as tconst,
    versions.valid_from_load_id,
    versions.average_rating,
    versions.num_votes,
    ratings.average_rating as average_rating_in_staging,
    ratings.num_votes as num_votes_in_staging
from stg_title_ratings as ratings
full join versions on ratings.tconst = versions.tconst
where
    (
        ratings.tconst is null
        or versions.tconst is null
        or (ratings.average_rating, ratings.num_votes)
        is distinct from (versions.average_rating, versions.num_votes)
    )
    and {{ rating_changes_are_complete() }}
