with stg_title_principals as (
    select
        tconst,
        ordering,
        nconst,
        category,
        characters
    from {{ ref('stg_title_principals') }}
    where nconst is not null and category is not null
),

stg_title_basics as (
    select
        tconst,
        title_type,
        primary_title,
        start_year
    from {{ ref('stg_title_basics') }}
),

stg_title_ratings as (
    select
        tconst,
        average_rating,
        num_votes
    from {{ ref('stg_title_ratings') }}
),

-- The same person can hold one category of a title several times. The characters of all of those
-- rows are kept, in the order of the file: as JSON, since arrays of unlike length do not aggregate.
credits as (
    select
        nconst,
        tconst,
        category,
        min(ordering) as first_ordering,
        jsonb_agg(to_jsonb(characters) order by ordering) as character_lists
    from stg_title_principals
    group by nconst, tconst, category
),

int_person_filmography as (
    select
        credits.nconst,
        credits.tconst,
        credits.category,
        titles.title_type,
        titles.primary_title,
        {{ flatten_json_lists('credits.character_lists') }} as characters,
        credits.first_ordering,
        titles.start_year,
        ratings.average_rating,
        ratings.num_votes,
        -- Footage of somebody is not work of theirs: it can be decades after their death.
        credits.category in ('archive_footage', 'archive_sound') as is_archive
    from credits
    left join stg_title_basics as titles on credits.tconst = titles.tconst
    left join stg_title_ratings as ratings on credits.tconst = ratings.tconst
)

select * from int_person_filmography
