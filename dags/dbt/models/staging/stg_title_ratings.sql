{{ config(indexes=[{'columns': ['tconst'], 'unique': true}]) }}

with imdb_title_ratings as (
    select * from {{ source('raw', 'imdb_title_ratings') }}
),

typed as (
    select
        nullif(tconst, '') as tconst,
        {{ parse('average_rating', 'numeric(3,1)') }} as average_rating,
        {{ parse('num_votes', 'integer') }} as num_votes
    from imdb_title_ratings
),

-- A key given twice stays once: the row that sorts first, column by column.
stg_title_ratings as (
    select distinct on (tconst) *
    from typed
    where tconst is not null
    order by tconst, average_rating, num_votes
)

select * from stg_title_ratings
