with stg_warehouse__loads as (
    select max(history) as history
    from {{ ref('stg_warehouse__loads') }}
    where source = 'tmdb' and dataset = 'people' and {{ is_in_build('load_id') }}
),

stg_tmdb__people as (
    select * from {{ ref('stg_tmdb__people') }}
),

stg_tmdb__known_for as (
    select * from {{ ref('stg_tmdb__known_for') }}
),

base_tmdb__gone as (
    select
        id,
        gone_at
    from {{ ref('base_tmdb__gone') }}
    where media_type = 'person'
),

int_tmdb__people as (
    select
        people.person_id,
        loads.history,
        people.imdb_id,
        people.name,
        people.gender,
        people.known_for_department,
        people.place_of_birth,
        people.biography,
        people.homepage,
        people.imdb_id_from,
        known_for.known_for_titles,
        people.also_known_as,
        people.is_adult,
        gone.id is not null as is_gone,
        people.birthday,
        people.deathday,
        greatest(people.answered_at, known_for.listed_at, gone.gone_at) as changed_at
    from stg_tmdb__people as people
    cross join stg_warehouse__loads as loads
    left join stg_tmdb__known_for as known_for on people.person_id = known_for.person_id
    left join base_tmdb__gone as gone on people.person_id = gone.id
)

select * from int_tmdb__people
