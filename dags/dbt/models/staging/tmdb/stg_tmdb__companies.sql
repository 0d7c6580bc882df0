{{ config(materialized='view') }}

with base_tmdb__movies as (
    select
        movie_id,
        company_ids,
        company_names,
        company_countries,
        answered_at
    from {{ ref('base_tmdb__movies') }}
),

-- Each movie repeats the name of a company; the newest answer knows it best.
stg_tmdb__companies as (
    select distinct on (listed.company_id)
        listed.company_id,
        listed.company_name,
        listed.origin_country
    from base_tmdb__movies as movies
    cross join
        unnest(movies.company_ids, movies.company_names, movies.company_countries)
            as listed (company_id, company_name, origin_country)
    order by listed.company_id asc, movies.answered_at desc, movies.movie_id desc
)

select * from stg_tmdb__companies
