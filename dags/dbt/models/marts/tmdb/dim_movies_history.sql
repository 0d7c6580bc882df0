with snap_tmdb__movies as (
    select
        *,
        max(history) over () as newest_history
    from {{ ref('snap_tmdb__movies') }}
),

versions as (
    select
        *,
        lead(is_gone) over (partition by movie_id order by dbt_valid_from) as is_gone_next
    from snap_tmdb__movies
    where
        history = newest_history
        -- A version that ends when it begins is of a column that a later project added.
        and dbt_valid_to is distinct from dbt_valid_from
),

dim_movies_history as (
    select
        {{ version_key("'movie'", 'movie_id', 'dbt_valid_from') }} as movie_version_sk,
        {{ surrogate_key("'movie'", 'movie_id') }} as movie_sk,
        movie_id,
        imdb_id as tconst,
        title,
        original_title,
        original_language,
        overview,
        tagline,
        status,
        homepage,
        collection_name,
        case
            when is_gone_next then 'gone'
            when dbt_valid_to is not null then 'change'
        end as ended_by,
        budget_usd,
        revenue_usd,
        runtime_minutes,
        genres,
        companies,
        countries,
        spoken_languages,
        row_number() over (partition by movie_id order by dbt_valid_from) as version_number,
        is_adult,
        is_video,
        dbt_valid_to is null as is_current,
        release_date,
        dbt_valid_from as effective_date,
        dbt_valid_to as expiration_date
    from versions
    where not is_gone
)

select * from dim_movies_history
