with stg_title_principals as (
    select
        tconst,
        nconst,
        category
    from {{ ref('stg_title_principals') }}
    where nconst is not null and category is not null
),

role_families as (
    select
        category,
        role_family,
        is_archive
    from {{ ref('role_families') }}
),

stg_title_basics as (
    select
        tconst,
        title_type,
        primary_title,
        start_year,
        is_adult
    from {{ ref('stg_title_basics') }}
),

stg_title_episode as (
    select
        tconst,
        parent_tconst
    from {{ ref('stg_title_episode') }}
),

stg_title_ratings as (
    select
        tconst,
        average_rating,
        num_votes
    from {{ ref('stg_title_ratings') }}
),

-- In the order of the table's key: the lines of a title are grouped, never all lines at once.
credits as (
    select
        lines.tconst,
        lines.nconst,
        coalesce(role_families.role_family, lines.category) as role_family,
        bool_and(coalesce(role_families.is_archive, false)) as is_archive
    from stg_title_principals as lines
    left join role_families on lines.category = role_families.category
    group by lines.tconst, lines.nconst, coalesce(role_families.role_family, lines.category)
),

int_person_credits as (
    select
        credits.nconst,
        credits.tconst,
        credits.role_family,
        coalesce(episodes.parent_tconst, credits.tconst) as work_tconst,
        titles.primary_title,
        titles.title_type,
        titles.start_year,
        ratings.average_rating,
        ratings.num_votes,
        coalesce(titles.is_adult, false) as is_adult,
        credits.is_archive,
        not credits.is_archive and not coalesce(titles.is_adult, false) as counts
    from credits
    left join stg_title_basics as titles on credits.tconst = titles.tconst
    left join stg_title_episode as episodes on credits.tconst = episodes.tconst
    left join stg_title_ratings as ratings on credits.tconst = ratings.tconst
)

select * from int_person_credits
