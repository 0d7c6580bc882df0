with snap_tmdb__people as (
    select
        *,
        max(history) over () as newest_history
    from {{ ref('snap_tmdb__people') }}
),

versions as (
    select
        *,
        lead(is_gone) over (partition by person_id order by dbt_valid_from) as is_gone_next
    from snap_tmdb__people
    where
        history = newest_history
        -- A version that ends when it begins is of a column that a later project added.
        and dbt_valid_to is distinct from dbt_valid_from
),

dim_people_history as (
    select
        {{ version_key("'person'", 'person_id', 'dbt_valid_from') }} as person_version_sk,
        {{ surrogate_key("'person'", 'person_id') }} as person_sk,
        person_id,
        imdb_id as nconst,
        name,
        gender,
        known_for_department,
        known_for_titles,
        place_of_birth,
        biography,
        homepage,
        case
            when is_gone_next then 'gone'
            when dbt_valid_to is not null then 'change'
        end as ended_by,
        also_known_as,
        row_number() over (partition by person_id order by dbt_valid_from) as version_number,
        is_adult,
        dbt_valid_to is null as is_current,
        birthday,
        deathday,
        dbt_valid_from as effective_date,
        dbt_valid_to as expiration_date
    from versions
    where not is_gone
)

select * from dim_people_history
