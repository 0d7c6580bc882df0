{{
    config(
        indexes=[
            {'columns': ['name gin_trgm_ops'], 'type': 'gin'},
        ]
    )
}}

with stg_title_basics as (
    select
        tconst,
        title_type,
        primary_title,
        original_title,
        start_year,
        is_adult
    from {{ ref('stg_title_basics') }}
    where title_type is distinct from 'tvEpisode'
),

stg_title_akas as (
    select
        tconst,
        ordering,
        title,
        region,
        language
    from {{ ref('stg_title_akas') }}
),

stg_title_ratings as (
    select * from {{ ref('stg_title_ratings') }}
),

all_names as (
    select
        tconst,
        primary_title as name,
        null::integer as ordering,
        null::text as region,
        null::text as language
    from stg_title_basics
    union all
    select
        tconst,
        original_title as name,
        null as ordering,
        null as region,
        null as language
    from stg_title_basics
    union all
    select
        akas.tconst,
        akas.title as name,
        akas.ordering,
        akas.region,
        akas.language
    from stg_title_akas as akas
    inner join stg_title_basics as titles on akas.tconst = titles.tconst
),

-- A name that several akas share is placed by the first aka that has a region.
distinct_names as (
    select distinct on (tconst, name) *
    from all_names
    where name is not null
    order by tconst, name, (region is null), ordering nulls last
),

described_names as (
    select
        distinct_names.tconst,
        distinct_names.name,
        case
            when distinct_names.name = titles.primary_title then 'primary'
            when distinct_names.name = titles.original_title then 'original'
            else 'aka'
        end as name_kind,
        distinct_names.region,
        distinct_names.language,
        titles.primary_title,
        titles.title_type,
        distinct_names.ordering,
        titles.start_year,
        ratings.average_rating,
        coalesce(ratings.num_votes, 0) as num_votes,
        titles.is_adult
    from distinct_names
    inner join stg_title_basics as titles on distinct_names.tconst = titles.tconst
    left join stg_title_ratings as ratings on distinct_names.tconst = ratings.tconst
),

mart_title_search as (
    select
        tconst,
        row_number() over (
            partition by tconst
            order by
                array_position(array['primary', 'original', 'aka'], name_kind),
                ordering nulls last,
                name collate "C"
        ) as name_number,
        name,
        name_kind,
        region,
        language,
        primary_title,
        title_type,
        start_year,
        average_rating,
        num_votes,
        is_adult
    from described_names
)

select * from mart_title_search
