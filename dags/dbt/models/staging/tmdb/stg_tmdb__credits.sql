{{ config(materialized='view') }}

with base_tmdb__gone as (
    select
        media_type,
        id
    from {{ ref('base_tmdb__gone') }}
),

base_tmdb__movie_credits as (
    select * from {{ ref('base_tmdb__movie_credits') }}
),

base_tmdb__show_credits as (
    select * from {{ ref('base_tmdb__show_credits') }}
),

base_tmdb__person_credits as (
    select * from {{ ref('base_tmdb__person_credits') }}
),

all_credits as (
    select
        'movie' as answer_of,
        movie_id as answer_id,
        credit_id,
        'movie' as media_type,
        movie_id as project_id,
        person_id,
        person_name,
        null as project_title,
        role_kind,
        character,
        department,
        job,
        null::bigint as episodes,
        credit_order
    from base_tmdb__movie_credits
    union all
    select
        'tv' as answer_of,
        show_id as answer_id,
        credit_id,
        'tv' as media_type,
        show_id as project_id,
        person_id,
        person_name,
        null as project_title,
        role_kind,
        character,
        department,
        job,
        episodes,
        credit_order
    from base_tmdb__show_credits
    union all
    select
        'person' as answer_of,
        person_id as answer_id,
        credit_id,
        media_type,
        project_id,
        person_id,
        person_name,
        project_title,
        role_kind,
        character,
        department,
        job,
        episodes,
        credit_order
    from base_tmdb__person_credits
),

-- A credit is in the answer of its title and in that of its person: the title's comes first.
stg_tmdb__credits as (
    select distinct on (all_credits.credit_id)
        all_credits.credit_id,
        all_credits.media_type,
        all_credits.project_id,
        all_credits.person_id,
        all_credits.person_name,
        all_credits.project_title,
        all_credits.role_kind,
        all_credits.character,
        all_credits.department,
        all_credits.job,
        all_credits.episodes,
        all_credits.credit_order
    from all_credits
    left join base_tmdb__gone as gone
        on all_credits.answer_of = gone.media_type and all_credits.answer_id = gone.id
    where gone.id is null
    order by
        all_credits.credit_id asc,
        array_position(array['movie', 'tv', 'person'], all_credits.answer_of) asc,
        all_credits.answer_id asc
)

select * from stg_tmdb__credits
