with title_ratings_changes as (
    select * from {{ source('imdb', 'title_ratings_changes') }}
),

typed as (
    select
        load_id,
        {{ parse('tconst', 'code') }} as tconst,
        {{ parse('average_rating', 'numeric(3,1)') }} as average_rating,
        {{ parse('num_votes', 'integer') }} as num_votes,
        is_new
    from title_ratings_changes
),

stg_imdb__rating_changes as (
    select *
    from typed
    where tconst is not null
)

select * from stg_imdb__rating_changes
