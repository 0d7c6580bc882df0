{{ config(indexes=[{'columns': ['revenue_rank_all_time']}]) }}

{%- set floor = var('tmdb_money_floor_usd') %}
{%- set least_votes = var('tmdb_rating_least_votes') %}
{%- set prior_votes = var('tmdb_rating_prior_votes') %}

with fact_movies as (
    select * from {{ ref('fact_movies') }}
    where not is_adult
),

mean_rating as (
    select round(avg(vote_average), 3) as vote_average
    from fact_movies
    where vote_count >= {{ least_votes }}
),

rated as (
    select
        movies.*,
        (case
            when movies.vote_count >= {{ least_votes }}
                then
                    (
                        movies.vote_count * movies.vote_average
                        + {{ prior_votes }} * mean.vote_average
                    ) / (movies.vote_count + {{ prior_votes }})
        end)::numeric(6, 4) as weighted_rating
    from fact_movies as movies
    cross join mean_rating as mean
),

ranked as (
    select
        *,
        case
            when revenue_usd >= {{ floor }} then row_number() over (
                    order by revenue_usd desc nulls last, vote_count desc nulls last, movie_id asc
                )
        end as revenue_rank_all_time,
        case
            when roi_pct is not null then row_number() over (
                    order by roi_pct desc nulls last, profit_usd desc nulls last, movie_id asc
                )
        end as roi_rank,
        case
            when weighted_rating is not null then row_number() over (
                    order by
                        weighted_rating desc nulls last,
                        vote_count desc nulls last,
                        movie_id asc
                )
        end as rating_rank
    from rated
),

kpi_top_movies as (
    select
        movie_sk,
        movie_id,
        title,
        release_year,
        budget_usd,
        revenue_usd,
        roi_pct,
        vote_average,
        vote_count,
        weighted_rating,
        revenue_rank_all_time,
        case
            when revenue_rank_all_time is not null and release_year is not null
                then row_number() over (
                        partition by release_year
                        order by revenue_rank_all_time asc nulls last
                    )
        end as revenue_rank_in_year,
        roi_rank,
        rating_rank
    from ranked
    where coalesce(revenue_rank_all_time, roi_rank, rating_rank) is not null
)

select * from kpi_top_movies
