{{
    config(
        indexes=[
            {'columns': ['total_credits']},
            {'columns': ['dominant_role', 'total_credits']},
            {'columns': ['person_name']},
        ]
    )
}}

with int_person_filmography as (
    select
        nconst,
        tconst,
        category,
        start_year,
        average_rating,
        num_votes,
        is_archive
    from {{ ref('int_person_filmography') }}
),

stg_name_basics as (
    select
        nconst,
        primary_name,
        birth_year,
        death_year
    from {{ ref('stg_name_basics') }}
),

mart_top_titles as (
    select
        tconst,
        primary_title,
        start_year,
        weighted_score,
        overall_rank
    from {{ ref('mart_top_titles') }}
),

label_thresholds as (
    select * from {{ ref('label_thresholds') }}
    where model = 'mart_person_career'
),

-- The newest year with a rated title: later years are announcements.
reference_year as (
    select max(start_year) as reference_year
    from mart_top_titles
),

-- Small beside the credits; roles, years and decades are all computed from it.
role_decades as (
    select
        nconst,
        category,
        {{ decade('start_year') }} as decade,
        is_archive,
        count(*) as credits,
        min(start_year) as first_year,
        max(start_year) as last_year
    from int_person_filmography
    group by nconst, category, {{ decade('start_year') }}, is_archive
),

person_credits as (
    select
        nconst,
        sum(credits)::bigint as total_credits,
        coalesce(sum(credits) filter (where category = 'director'), 0)::bigint as directing_credits,
        count(distinct category) as distinct_roles,
        min(first_year) filter (where not is_archive) as first_credit_year,
        max(last_year) filter (where not is_archive) as last_credit_year,
        array_agg(distinct decade order by decade) filter (
            where not is_archive and decade is not null
        ) as active_decades
    from role_decades
    group by nconst
),

person_roles as (
    select
        nconst,
        category,
        sum(credits) as credits
    from role_decades
    group by nconst, category
),

dominant_roles as (
    select distinct on (nconst)
        nconst,
        category as dominant_role
    from person_roles
    order by nconst asc, credits desc, category collate "C" asc
),

person_titles as (
    select
        nconst,
        tconst,
        min(average_rating) as average_rating,
        -- Votes without a rating weigh nothing and say nothing.
        min(num_votes) filter (where average_rating is not null) as num_votes
    from int_person_filmography
    group by nconst, tconst
),

person_ratings as (
    select
        person_titles.nconst,
        count(*) as distinct_titles,
        count(person_titles.average_rating) as rated_titles,
        round(avg(person_titles.average_rating), 2) as avg_project_rating,
        round(
            sum(person_titles.average_rating * person_titles.num_votes)
            / nullif(sum(person_titles.num_votes), 0), 2
        ) as vote_weighted_rating,
        coalesce(sum(person_titles.num_votes), 0) as total_votes,
        min(mart_top_titles.overall_rank) as best_rank
    from person_titles
    left join mart_top_titles on person_titles.tconst = mart_top_titles.tconst
    group by person_titles.nconst
),

careers as (
    select
        person_credits.*,
        person_ratings.distinct_titles,
        person_ratings.rated_titles,
        person_ratings.avg_project_rating,
        person_ratings.vote_weighted_rating,
        person_ratings.total_votes,
        person_ratings.best_rank,
        dominant_roles.dominant_role,
        person_credits.last_credit_year - person_credits.first_credit_year as career_span_years,
        reference_year.reference_year - person_credits.last_credit_year as years_since_last_credit
    from person_credits
    inner join person_ratings on person_credits.nconst = person_ratings.nconst
    inner join dominant_roles on person_credits.nconst = dominant_roles.nconst
    cross join reference_year
),

mart_person_career as (
    select
        careers.nconst,
        people.primary_name as person_name,
        careers.dominant_role,
        {{ label_for('versatility_level') }} as versatility_level,
        {{ label_for('productivity_tier') }} as productivity_tier,
        {{ label_for('career_stage') }} as career_stage,
        {{ label_for('quality_reputation') }} as quality_reputation,
        best_titles.tconst as best_title_tconst,
        best_titles.primary_title as best_title,
        people.birth_year,
        people.death_year,
        careers.total_credits,
        careers.directing_credits,
        careers.distinct_titles,
        careers.rated_titles,
        careers.distinct_roles,
        careers.first_credit_year,
        careers.last_credit_year,
        careers.career_span_years,
        careers.years_since_last_credit,
        careers.active_decades,
        careers.avg_project_rating,
        careers.vote_weighted_rating,
        careers.total_votes,
        best_titles.weighted_score as best_title_score
    from careers
    left join stg_name_basics as people on careers.nconst = people.nconst
    left join mart_top_titles as best_titles on careers.best_rank = best_titles.overall_rank
)

select * from mart_person_career
