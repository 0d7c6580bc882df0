{{
    config(
        indexes=[{'columns': ['genre_sk']}, {'columns': ['company_sk']}, {'columns': ['date_sk']}],
    )
}}

{%- set floor = var('tmdb_money_floor_usd') %}

with int_tmdb__movies as (
    select * from {{ ref('int_tmdb__movies') }}
    where status = 'Released' and not is_gone
),

stg_tmdb__movie_genres as (
    select
        movie_id,
        genre_id
    from {{ ref('stg_tmdb__movie_genres') }}
    where position = 1
),

stg_tmdb__movie_companies as (
    select
        movie_id,
        company_id
    from {{ ref('stg_tmdb__movie_companies') }}
    where position = 1
),

int_tmdb__measured as (
    select
        id,
        popularity,
        vote_average,
        vote_count
    from {{ ref('int_tmdb__measured') }}
    where media_type = 'movie'
),

budget_tiers as (
    select * from {{ ref('budget_tiers') }}
),

-- Smaller amounts are in another unit, such as millions, and tell nothing together.
profits as (
    select
        *,
        case
            when budget_usd >= {{ floor }} and revenue_usd >= {{ floor }}
                then revenue_usd - budget_usd
        end as profit_usd
    from int_tmdb__movies
),

fact_movies as (
    select
        {{ surrogate_key("'movie'", 'movies.movie_id') }} as movie_sk,
        movies.movie_id,
        movies.imdb_id as tconst,
        {{ date_key('movies.release_date') }} as date_sk,
        {{ surrogate_key("'movie'", 'genres.genre_id') }} as genre_sk,
        {{ surrogate_key("'company'", 'companies.company_id') }} as company_sk,
        movies.title,
        movies.original_language,
        {{ season_of('movies.release_date') }} as release_season,
        coalesce(budget_tiers.budget_tier, 'Unknown') as budget_tier,
        case
            when movies.profit_usd > 0 then 'Profitable'
            when movies.profit_usd <= 0 then 'Not Profitable'
            else 'Unknown'
        end as profitability_flag,
        extract(year from movies.release_date)::integer as release_year,
        movies.runtime_minutes,
        movies.budget_usd,
        movies.revenue_usd,
        movies.profit_usd,
        (100 * movies.profit_usd::numeric / movies.budget_usd)::numeric(24, 2) as roi_pct,
        measured.vote_average,
        measured.vote_count,
        measured.popularity as popularity_score,
        movies.is_adult,
        movies.release_date
    from profits as movies
    left join stg_tmdb__movie_genres as genres on movies.movie_id = genres.movie_id
    left join stg_tmdb__movie_companies as companies on movies.movie_id = companies.movie_id
    left join int_tmdb__measured as measured on movies.movie_id = measured.id
    left join budget_tiers
        on
            movies.budget_usd >= {{ floor }}
            and movies.budget_usd >= budget_tiers.lower_bound_usd
            and (
                movies.budget_usd < budget_tiers.upper_bound_usd
                or budget_tiers.upper_bound_usd is null
            )
)

select * from fact_movies
