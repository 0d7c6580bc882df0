{{
    config(
        unique_key='tconst',
        meta={'datasets': ['title.basics', 'title.ratings']},
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

type_groups as (
    select
        type_group,
        count(*) as titles,
        round(avg(average_rating), 2) as group_rating
    from rated_titles
    group by type_group
),

-- A group has few different ratings and not many different counts of votes.
rating_percentiles as (
    select
        type_groups.type_group,
        rated_titles.average_rating as rating,
        round(
            100 * sum(count(*)) over (
                partition by type_groups.type_group order by rated_titles.average_rating
            ) / type_groups.titles, 2
        ) as rating_percentile
    from rated_titles
    inner join type_groups on rated_titles.type_group = type_groups.type_group
    group by type_groups.type_group, type_groups.titles, rated_titles.average_rating
),

votes_percentiles as (
    select
        type_groups.type_group,
        rated_titles.num_votes as votes,
        round(
            100 * sum(count(*)) over (
                partition by type_groups.type_group order by rated_titles.num_votes
            ) / type_groups.titles, 2
        ) as votes_percentile
    from rated_titles
    inner join type_groups on rated_titles.type_group = type_groups.type_group
    group by type_groups.type_group, type_groups.titles, rated_titles.num_votes
),

scored_titles as (
    select
        rated_titles.tconst,
        rated_titles.title_type,
        rated_titles.primary_genre,
        rated_titles.release_decade,
        rated_titles.num_votes,
        type_groups.group_rating,
        round(
            (
                rated_titles.num_votes * rated_titles.average_rating
                + rated_titles.prior_votes * type_groups.group_rating
            ) / (rated_titles.num_votes::bigint + rated_titles.prior_votes),
            4
        ) as weighted_score
    from rated_titles
    inner join type_groups on rated_titles.type_group = type_groups.type_group
),

-- The rank over all titles orders titles completely; the other ranks only need to follow it.
ranked_titles as (
    select
        *,
        row_number() over (
            order by weighted_score desc, num_votes desc, tconst collate "C"
        ) as overall_rank
    from scored_titles
),

-- Few columns are sorted for each rank; all others come after.
ranks_within as (
    select
        tconst,
        group_rating,
        weighted_score,
        overall_rank,
        row_number() over (partition by title_type order by overall_rank) as type_rank,
        case
            when release_decade is not null
                then row_number() over (partition by release_decade order by overall_rank)
        end as decade_rank,
        case
            when primary_genre is not null
                then row_number() over (partition by primary_genre order by overall_rank)
        end as genre_rank
    from ranked_titles
),

mart_top_titles as (
    select
        titles.tconst,
        titles.primary_title,
        titles.original_title,
        titles.title_type,
        titles.type_group,
        titles.genres,
        titles.primary_genre,
        {{ label_for('performance_tier') }} as performance_tier,
        {{ label_for('investment_category') }} as investment_category,
        titles.start_year,
        titles.release_decade,
        titles.runtime_minutes,
        titles.average_rating,
        titles.num_votes,
        ranks.group_rating,
        ranks.weighted_score,
        rating_percentiles.rating_percentile,
        votes_percentiles.votes_percentile,
        ranks.overall_rank,
        ranks.type_rank,
        ranks.decade_rank,
        ranks.genre_rank,
        titles.is_adult
    from rated_titles as titles
    inner join ranks_within as ranks on titles.tconst = ranks.tconst
    inner join rating_percentiles
        on
            titles.type_group = rating_percentiles.type_group
            and titles.average_rating = rating_percentiles.rating
    inner join votes_percentiles
        on
            titles.type_group = votes_percentiles.type_group
            and titles.num_votes = votes_percentiles.votes
)

select * from mart_top_titles
