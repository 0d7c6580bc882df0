{{
    config(
        indexes=[
            {'columns': ['overall_rank'], 'unique': true},
            {'columns': ['title_type', 'num_votes']},
            {'columns': ['primary_genre', 'genre_rank']},
            {'columns': ['release_decade', 'decade_rank']},
        ]
    )
}}

with stg_title_basics as (
    select * from {{ ref('stg_title_basics') }}
),

stg_title_ratings as (
    select * from {{ ref('stg_title_ratings') }}
    where average_rating is not null and num_votes is not null
),

title_types as (
    select * from {{ ref('title_types') }}
),

label_thresholds as (
    select * from {{ ref('label_thresholds') }}
    where model = 'mart_top_titles'
),

other_types as (
    select max(prior_votes) as prior_votes
    from title_types
    where type_group = 'Other'
),

rated_titles as (
    select
        titles.tconst,
        titles.title_type,
        coalesce(title_types.type_group, 'Other') as type_group,
        titles.primary_title,
        titles.original_title,
        titles.genres,
        titles.genres[1] as primary_genre,
        titles.start_year,
        {{ decade('titles.start_year') }} as release_decade,
        titles.runtime_minutes,
        ratings.average_rating,
        ratings.num_votes,
        coalesce(title_types.prior_votes, other_types.prior_votes) as prior_votes,
        titles.is_adult
    from stg_title_ratings as ratings
    inner join stg_title_basics as titles on ratings.tconst = titles.tconst
    left join title_types on titles.title_type = title_types.title_type
    cross join other_types
),

group_means as (
    select
        type_group,
        round(avg(average_rating), 4) as group_rating
    from rated_titles
    group by type_group
),

scored_titles as (
    select
        rated_titles.*,
        round(
            (
                rated_titles.num_votes * rated_titles.average_rating
                + rated_titles.prior_votes * group_means.group_rating
            ) / (rated_titles.num_votes::bigint + rated_titles.prior_votes),
            4
        ) as weighted_score
    from rated_titles
    inner join group_means on rated_titles.type_group = group_means.type_group
),

-- The rank over all titles orders titles completely; the other ranks only need to follow it.
ranked_titles as (
    select
        *,
        row_number() over (
            order by weighted_score desc, num_votes desc, tconst collate "C"
        ) as overall_rank,
        count(*) over (partition by type_group order by average_rating) as titles_not_above,
        count(*) over (partition by type_group order by num_votes) as titles_not_more_voted,
        count(*) over (partition by type_group) as titles_in_group
    from scored_titles
),

mart_top_titles as (
    select
        tconst,
        primary_title,
        original_title,
        title_type,
        type_group,
        genres,
        primary_genre,
        {{ label_for('performance_tier') }} as performance_tier,
        {{ label_for('investment_category') }} as investment_category,
        start_year,
        release_decade,
        runtime_minutes,
        average_rating,
        num_votes,
        weighted_score,
        round(100.0 * titles_not_above / titles_in_group, 2) as rating_percentile,
        round(100.0 * titles_not_more_voted / titles_in_group, 2) as votes_percentile,
        overall_rank,
        row_number() over (partition by title_type order by overall_rank) as type_rank,
        case
            when release_decade is not null
                then row_number() over (partition by release_decade order by overall_rank)
        end as decade_rank,
        case
            when primary_genre is not null
                then row_number() over (partition by primary_genre order by overall_rank)
        end as genre_rank,
        is_adult
    from ranked_titles
)

select * from mart_top_titles
