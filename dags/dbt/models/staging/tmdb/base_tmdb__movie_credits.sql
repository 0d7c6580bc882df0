{{
    config(
        unique_key=['movie_id', 'credit_id'],
        meta={
            'datasets': ['movies'],
            'scope': 'movie_id',
        },
    )
}}

with tmdb_movies as (
    {{ rows_of(source('tmdb', 'movies')) }}
),

credits as (
    select
        movie_id,
        raw_data -> 'credits' as credits
    from tmdb_movies
    where raw_data is not null
),

elements as (
    select
        credits.movie_id,
        lists.role_kind,
        element.place,
        {{ json_integer("(element.value ->> 'id')") }} as person_id,
        {{ parse("(element.value ->> 'credit_id')", 'code') }} as credit_id,
        nullif(element.value ->> 'name', '') as person_name,
        {{ value_of('cast', "nullif(element.value ->> 'character', '')") }} as character,
        {{ value_of('crew', "nullif(element.value ->> 'department', '')") }} as department,
        {{ value_of('crew', "nullif(element.value ->> 'job', '')") }} as job,
        {{ value_of('cast', json_integer("(element.value ->> 'order')")) }} as credit_order
    from credits
    {{ join_cast_and_crew('credits.credits') }}
),

base_tmdb__movie_credits as (
    select distinct on (movie_id, credit_id)
        movie_id,
        credit_id,
        person_id,
        person_name,
        role_kind,
        character,
        department,
        job,
        credit_order
    from elements
    where credit_id is not null and person_id is not null
    order by movie_id, credit_id, role_kind, place
)

select * from base_tmdb__movie_credits
