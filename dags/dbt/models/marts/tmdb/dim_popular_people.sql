with int_tmdb__people as (
    select * from {{ ref('int_tmdb__people') }}
    where not is_gone
),

int_tmdb__measured as (
    select * from {{ ref('int_tmdb__measured') }}
    where media_type = 'person' and days_listed > 0
),

dim_popular_people as (
    select
        {{ surrogate_key("'person'", 'people.person_id') }} as person_sk,
        people.person_id,
        people.imdb_id as nconst,
        people.name,
        people.gender,
        people.known_for_department,
        people.known_for_titles,
        people.place_of_birth,
        measured.popularity,
        measured.best_rank,
        measured.latest_rank,
        measured.days_listed,
        people.is_adult,
        measured.is_listed_now,
        people.birthday,
        people.deathday,
        measured.first_listed_on,
        measured.last_listed_on
    from int_tmdb__people as people
    inner join int_tmdb__measured as measured on people.person_id = measured.id
)

select * from dim_popular_people
