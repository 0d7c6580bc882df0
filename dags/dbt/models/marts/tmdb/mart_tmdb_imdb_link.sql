{{ config(indexes=[{'columns': ['tconst']}, {'columns': ['nconst']}]) }}

with int_tmdb__movies as (
    select * from {{ ref('int_tmdb__movies') }}
    where not is_gone
),

int_tmdb__shows as (
    select * from {{ ref('int_tmdb__shows') }}
    where not is_gone
),

int_tmdb__people as (
    select * from {{ ref('int_tmdb__people') }}
    where not is_gone
),

int_tmdb__measured as (
    select
        media_type,
        id,
        vote_average,
        vote_count
    from {{ ref('int_tmdb__measured') }}
),

stg_tmdb__imdb_titles as (
    select * from {{ ref('stg_tmdb__imdb_titles') }}
),

stg_tmdb__imdb_people as (
    select * from {{ ref('stg_tmdb__imdb_people') }}
),

things as (
    select
        'movie' as media_type,
        movie_id as id,
        title as name,
        imdb_id as tconst,
        null as nconst,
        imdb_id_from as linked_by
    from int_tmdb__movies
    union all
    select
        'tv' as media_type,
        show_id as id,
        name,
        imdb_id as tconst,
        null as nconst,
        imdb_id_from as linked_by
    from int_tmdb__shows
    union all
    select
        'person' as media_type,
        person_id as id,
        name,
        null as tconst,
        imdb_id as nconst,
        imdb_id_from as linked_by
    from int_tmdb__people
),

mart_tmdb_imdb_link as (
    select
        things.media_type,
        things.id,
        things.name,
        things.tconst,
        things.nconst,
        things.linked_by,
        measured.vote_average as tmdb_rating,
        measured.vote_count as tmdb_votes,
        titles.average_rating::numeric(3, 1) as imdb_rating,
        titles.num_votes as imdb_votes,
        (measured.vote_average - titles.average_rating)::numeric(5, 3) as rating_gap,
        (measured.vote_count::numeric / nullif(titles.num_votes, 0))::numeric(24, 4) as vote_ratio,
        titles.tconst is not null or people.nconst is not null as is_linked
    from things
    left join int_tmdb__measured as measured
        on
            things.media_type = measured.media_type
            and things.id = measured.id
            and things.media_type <> 'person'
    left join stg_tmdb__imdb_titles as titles on things.tconst = titles.tconst
    left join stg_tmdb__imdb_people as people on things.nconst = people.nconst
)

select * from mart_tmdb_imdb_link
