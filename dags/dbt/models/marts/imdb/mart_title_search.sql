{{
    config(
        materialized='incremental',
        incremental_strategy='changed_keys',
        unique_key=['tconst', 'name_number'],
        meta={
            'datasets': ['title.basics', 'title.akas', 'title.ratings'],
            'scope': ['tconst'],
        },
        indexes=[
            {'columns': ['name gin_trgm_ops'], 'type': 'gin'},
        ],
        post_hook='{{ tidy_search_index() }}',
    )
}}

with stg_title_basics as (
    select
        tconst,
        title_type,
        primary_title,
        original_title,
        start_year,
        coalesce(is_adult, false) as is_adult
    from {{ ref('stg_title_basics') }}
    where
        title_type is distinct from 'tvEpisode'
        {% if is_incremental() %}
            and tconst in (select touched.tconst from touched)
        {% endif %}
),

stg_title_akas as (
    select
        tconst,
        ordering,
        title,
        region,
        language
    from {{ ref('stg_title_akas') }}
    where
        title is not null
        {% if is_incremental() %}
            and tconst in (select touched.tconst from touched)
        {% endif %}
),

stg_title_ratings as (
    select * from {{ ref('stg_title_ratings') }}
),

-- Of which kind a name is, in the order of the kinds: 1 primary, 2 original, 3 aka.
all_names as (
    select
        tconst,
        primary_title as name,
        1 as kind,
        null::integer as ordering,
        null::text as region,
        null::text as language
    from stg_title_basics
    where primary_title is not null
    union all
    select
        tconst,
        original_title as name,
        2 as kind,
        null as ordering,
        null as region,
        null as language
    from stg_title_basics
    where original_title is not null and original_title is distinct from primary_title
    union all
    select
        akas.tconst,
        akas.title as name,
        case
            when akas.title = titles.primary_title then 1
            when akas.title = titles.original_title then 2
            else 3
        end as kind,
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
    order by tconst, name, (region is null), ordering nulls last
),

numbered_names as (
    select
        *,
        row_number() over (
            partition by tconst order by kind, ordering nulls last, name collate "C"
        ) as name_number
    from distinct_names
),

mart_title_search as (
    select
        names.tconst,
        names.name_number,
        names.name,
        (array['primary', 'original', 'aka'])[names.kind] as name_kind,
        names.region,
        names.language,
        titles.primary_title,
        titles.title_type,
        titles.start_year,
        ratings.average_rating,
        coalesce(ratings.num_votes, 0) as num_votes,
        titles.is_adult
    from numbered_names as names
    inner join stg_title_basics as titles on names.tconst = titles.tconst
    left join stg_title_ratings as ratings on names.tconst = ratings.tconst
)

select * from mart_title_search
