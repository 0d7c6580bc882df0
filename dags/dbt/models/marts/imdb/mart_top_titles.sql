{{
    config(
        unique_key='tconst',
        meta={'datasets': ['title.basics', 'title.ratings']},
        indexes=[
            {'columns': ['type_group', 'group_rank'], 'unique': true},
            {'columns': ['title_type', 'num_votes']},
            {'columns': ['type_group', 'release_decade', 'decade_rank']},
        ]
    )
}}

with stg_title_basics as (
    select
        tconst,
        title_type,
        primary_title,
        original_title,
        genres,
        start_year,
        runtime_minutes,
        coalesce(is_adult, false) as is_adult
    from {{ ref('stg_title_basics') }}
),

stg_title_ratings as (
    select
        tconst,
        average_rating,
        num_votes
    from {{ ref('stg_title_ratings') }}
    where average_rating is not null and num_votes is not null
),

title_types as (
    select
        title_type,
        type_group
    from {{ ref('title_types') }}
),

type_groups as (
    select * from {{ ref('type_groups') }}
),

label_thresholds as (
    select * from {{ ref('label_thresholds') }}
    where model = 'mart_top_titles'
),

rated_titles as (
    select
        titles.*,
        coalesce(title_types.type_group, 'Other') as type_group,
        ratings.average_rating,
        ratings.num_votes
    from stg_title_ratings as ratings
    inner join stg_title_basics as titles on ratings.tconst = titles.tconst
    left join title_types on titles.title_type = title_types.title_type
),

group_ratings as (
    select
        type_groups.type_group,
        type_groups.prior_votes,
        type_groups.least_votes,
        round(avg(rated_titles.average_rating), 2) as group_rating
    from type_groups
    left join rated_titles
        on type_groups.type_group = rated_titles.type_group and not rated_titles.is_adult
    group by type_groups.type_group, type_groups.prior_votes, type_groups.least_votes
),

scored_titles as (
    select
        titles.*,
        {{ decade('titles.start_year') }} as release_decade,
        group_ratings.group_rating,
        round(
            (
                titles.num_votes * titles.average_rating
                + group_ratings.prior_votes * group_ratings.group_rating
            ) / (titles.num_votes::bigint + group_ratings.prior_votes),
            4
        ) as weighted_score,
        titles.num_votes >= group_ratings.least_votes as has_enough_votes
    from rated_titles as titles
    left join group_ratings on titles.type_group = group_ratings.type_group
),

-- The rank within the group orders its titles completely; the other ranks only need to follow it.
ranked_titles as (
    select
        tconst,
        title_type,
        type_group,
        release_decade,
        count(*) over (partition by type_group) as ranked,
        count(*) over (partition by type_group order by average_rating) as not_rated_higher,
        count(*) over (partition by type_group order by num_votes) as not_more_votes,
        count(*) over (partition by type_group order by weighted_score) as not_scored_higher,
        row_number() over (
            partition by type_group
            order by weighted_score desc, num_votes desc, tconst collate "C"
        ) as group_rank
    from scored_titles
    where has_enough_votes and not is_adult
),

placed_titles as (
    select
        tconst,
        round(100.0 * not_rated_higher / ranked, 2) as rating_percentile,
        round(100.0 * not_more_votes / ranked, 2) as votes_percentile,
        round(100.0 * not_scored_higher / ranked, 2) as score_percentile,
        group_rank,
        row_number() over (partition by title_type order by group_rank) as type_rank,
        case
            when release_decade is not null
                then row_number() over (
                        partition by type_group, release_decade order by group_rank
                    )
        end as decade_rank
    from ranked_titles
),

measured_titles as (
    select
        titles.*,
        places.rating_percentile,
        places.votes_percentile,
        places.score_percentile,
        places.group_rank,
        places.type_rank,
        places.decade_rank
    from scored_titles as titles
    left join placed_titles as places on titles.tconst = places.tconst
),

mart_top_titles as (
    select
        tconst,
        primary_title,
        original_title,
        title_type,
        type_group,
        genres,
        {{ label_for('performance_tier') }} as performance_tier,
        {{ label_for('investment_category') }} as investment_category,
        start_year,
        release_decade,
        runtime_minutes,
        average_rating,
        num_votes,
        group_rating,
        weighted_score,
        rating_percentile,
        votes_percentile,
        score_percentile,
        group_rank,
        type_rank,
        decade_rank,
        has_enough_votes,
        is_adult
    from measured_titles
)

select * from mart_top_titles
