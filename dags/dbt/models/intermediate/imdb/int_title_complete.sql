with stg_title_basics as (
    select * from {{ ref('stg_title_basics') }}
),

stg_title_ratings as (
    select * from {{ ref('stg_title_ratings') }}
),

stg_title_crew_directors as (
    select * from {{ ref('stg_title_crew_directors') }}
),

stg_title_crew_writers as (
    select * from {{ ref('stg_title_crew_writers') }}
),

stg_name_basics as (
    select
        nconst,
        primary_name
    from {{ ref('stg_name_basics') }}
),

stg_title_principals as (
    select
        tconst,
        nconst
    from {{ ref('stg_title_principals') }}
    where category in ('actor', 'actress', 'self')
),

stg_title_akas as (
    select
        tconst,
        region
    from {{ ref('stg_title_akas') }}
),

stg_title_episode as (
    select
        parent_tconst,
        season_number
    from {{ ref('stg_title_episode') }}
),

title_directors as (
    select
        crew.tconst,
        array_agg(crew.nconst order by crew.position) as director_nconsts,
        array_agg(people.primary_name order by crew.position) as director_names
    from stg_title_crew_directors as crew
    left join stg_name_basics as people on crew.nconst = people.nconst
    group by crew.tconst
),

title_writers as (
    select
        crew.tconst,
        array_agg(crew.nconst order by crew.position) as writer_nconsts,
        array_agg(people.primary_name order by crew.position) as writer_names
    from stg_title_crew_writers as crew
    left join stg_name_basics as people on crew.nconst = people.nconst
    group by crew.tconst
),

title_casts as (
    select
        tconst,
        count(distinct nconst)::integer as cast_size
    from stg_title_principals
    group by tconst
),

title_names as (
    select
        tconst,
        count(*)::integer as akas,
        count(distinct region)::integer as regions
    from stg_title_akas
    group by tconst
),

series_episodes as (
    select
        parent_tconst as tconst,
        count(*)::integer as episodes,
        count(distinct season_number)::integer as seasons
    from stg_title_episode
    group by parent_tconst
),

int_title_complete as (
    select
        titles.tconst,
        titles.title_type,
        titles.primary_title,
        titles.original_title,
        titles.genres,
        title_directors.director_nconsts,
        title_directors.director_names,
        title_writers.writer_nconsts,
        title_writers.writer_names,
        titles.start_year,
        titles.end_year,
        titles.runtime_minutes,
        ratings.average_rating,
        ratings.num_votes,
        coalesce(title_casts.cast_size, 0) as cast_size,
        coalesce(title_names.akas, 0) as akas,
        coalesce(title_names.regions, 0) as regions,
        coalesce(series_episodes.episodes, 0) as episodes,
        coalesce(series_episodes.seasons, 0) as seasons,
        titles.is_adult
    from stg_title_basics as titles
    left join stg_title_ratings as ratings on titles.tconst = ratings.tconst
    left join title_directors on titles.tconst = title_directors.tconst
    left join title_writers on titles.tconst = title_writers.tconst
    left join title_casts on titles.tconst = title_casts.tconst
    left join title_names on titles.tconst = title_names.tconst
    left join series_episodes on titles.tconst = series_episodes.tconst
)

select * from int_title_complete
