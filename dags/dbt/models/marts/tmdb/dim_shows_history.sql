with snap_tmdb__shows as (
    select
        *,
        max(history) over () as newest_history
    from {{ ref('snap_tmdb__shows') }}
),

versions as (
    select
        *,
        lead(is_gone) over (partition by show_id order by dbt_valid_from) as is_gone_next
    from snap_tmdb__shows
    where
        history = newest_history
        -- A version that ends when it begins is of a column that a later project added.
        and dbt_valid_to is distinct from dbt_valid_from
),

dim_shows_history as (
    select
        {{ version_key("'tv'", 'show_id', 'dbt_valid_from') }} as show_version_sk,
        {{ surrogate_key("'tv'", 'show_id') }} as show_sk,
        show_id,
        imdb_id as tconst,
        name,
        original_name,
        original_language,
        overview,
        tagline,
        status,
        show_type,
        homepage,
        case
            when is_gone_next then 'gone'
            when dbt_valid_to is not null then 'change'
        end as ended_by,
        seasons,
        episodes,
        genres,
        networks,
        countries,
        row_number() over (partition by show_id order by dbt_valid_from) as version_number,
        is_in_production,
        is_adult,
        dbt_valid_to is null as is_current,
        first_air_date,
        last_air_date,
        dbt_valid_from as effective_date,
        dbt_valid_to as expiration_date
    from versions
    where not is_gone
)

select * from dim_shows_history
