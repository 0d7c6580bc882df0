{{
    config(
        indexes=[{'columns': ['person_id']}, {'columns': ['project_id', 'media_type']}],
    )
}}

with stg_tmdb__credits as (
    select * from {{ ref('stg_tmdb__credits') }}
),

int_tmdb__people as (
    select
        person_id,
        name
    from {{ ref('int_tmdb__people') }}
    where not is_gone
),

int_tmdb__movies as (
    select
        movie_id,
        title
    from {{ ref('int_tmdb__movies') }}
    where not is_gone
),

int_tmdb__shows as (
    select
        show_id,
        name
    from {{ ref('int_tmdb__shows') }}
    where not is_gone
),

projects as (
    select
        'movie' as media_type,
        movie_id as project_id,
        title as project_title
    from int_tmdb__movies
    union all
    select
        'tv' as media_type,
        show_id as project_id,
        name as project_title
    from int_tmdb__shows
),

bridge_person_project as (
    select
        credits.credit_id,
        {{ surrogate_key("'person'", 'credits.person_id') }} as person_sk,
        {{ surrogate_key('credits.media_type', 'credits.project_id') }} as project_sk,
        credits.media_type,
        credits.project_id,
        credits.person_id,
        coalesce(people.name, credits.person_name) as person_name,
        coalesce(projects.project_title, credits.project_title) as project_title,
        credits.role_kind,
        credits.character,
        credits.department,
        credits.job,
        credits.episodes,
        credits.credit_order,
        people.person_id is not null as has_person_details,
        projects.project_id is not null as has_project_details
    from stg_tmdb__credits as credits
    left join int_tmdb__people as people on credits.person_id = people.person_id
    left join projects
        on
            credits.media_type = projects.media_type
            and credits.project_id = projects.project_id
)

select * from bridge_person_project
