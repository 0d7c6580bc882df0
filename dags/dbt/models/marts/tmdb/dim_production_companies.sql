with stg_tmdb__companies as (
    select * from {{ ref('stg_tmdb__companies') }}
),

stg_tmdb__movie_companies as (
    select
        movie_id,
        company_id
    from {{ ref('stg_tmdb__movie_companies') }}
),

fact_movies as (
    select movie_id
    from {{ ref('fact_movies') }}
    where not is_adult
),

country_regions as (
    select * from {{ ref('country_regions') }}
),

studio_tiers as (
    select
        studio_tier,
        least_movies,
        lead(least_movies) over (order by least_movies) as next_least_movies
    from {{ ref('studio_tiers') }}
),

movies_per_company as (
    select
        members.company_id,
        count(*) as total_movies
    from stg_tmdb__movie_companies as members
    inner join fact_movies on members.movie_id = fact_movies.movie_id
    group by members.company_id
),

counted as (
    select
        companies.company_id,
        companies.company_name,
        companies.origin_country,
        coalesce(movies.total_movies, 0) as total_movies
    from stg_tmdb__companies as companies
    left join movies_per_company as movies on companies.company_id = movies.company_id
),

dim_production_companies as (
    select
        {{ surrogate_key("'company'", 'companies.company_id') }} as company_sk,
        companies.company_id,
        companies.company_name,
        companies.origin_country,
        coalesce(country_regions.region, 'Unknown') as region,
        studio_tiers.studio_tier,
        companies.total_movies
    from counted as companies
    left join country_regions on companies.origin_country = country_regions.country_code
    inner join studio_tiers
        on
            companies.total_movies >= studio_tiers.least_movies
            and (
                companies.total_movies < studio_tiers.next_least_movies
                or studio_tiers.next_least_movies is null
            )
)

select * from dim_production_companies
