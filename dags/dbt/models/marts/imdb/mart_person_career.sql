{{
    config(
        materialized='incremental',
        incremental_strategy='changed_keys',
        unique_key='nconst',
        meta={'datasets': ['title.principals', 'name.basics', 'title.basics', 'title.ratings']},
        indexes=[
            {'columns': ['total_credits']},
            {'columns': ['dominant_role', 'total_credits']},
            {'columns': ['person_name']},
        ],
        post_hook='{{ remember_group_ratings() }}',
    )
}}

with stg_title_principals as (
    select
        tconst,
        nconst,
        category
    from {{ ref('stg_title_principals') }}
    where
        nconst is not null
        and category is not null
        {% if is_incremental() %}
            and nconst in (select touched.nconst from touched)
        {% endif %}
),

stg_title_basics as (
    select
        tconst,
        start_year
    from {{ ref('stg_title_basics') }}
),

stg_title_ratings as (
    select
        tconst,
        average_rating,
        num_votes
    from {{ ref('stg_title_ratings') }}
    where average_rating is not null
),

stg_name_basics as (
    select
        nconst,
        primary_name,
        birth_year,
        death_year
    from {{ ref('stg_name_basics') }}
),

mart_top_titles as not materialized (
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

-- In the order of the table's key: the lines of a title are sorted, never all lines at once.
lines as (
    select
        *,
        lag(category) over (partition by tconst, nconst order by category) as category_before
    from stg_title_principals
),

-- One row per person, title and category, with the title's facts. Its rating counts once a person.
credits as (
    select
        lines.nconst,
        lines.category,
        titles.start_year,
        mart_top_titles.overall_rank,
        case
            when lines.category_before is null then (10 * ratings.average_rating)::integer
        end as rating_tenths,
        case when lines.category_before is null then ratings.num_votes end as num_votes,
        lines.category_before is null as is_first_of_title
    from lines
    left join stg_title_basics as titles on lines.tconst = titles.tconst
    left join stg_title_ratings as ratings on lines.tconst = ratings.tconst
    left join mart_top_titles on ratings.tconst = mart_top_titles.tconst
    where lines.category_before is distinct from lines.category
),

-- Small beside the credits; people, their roles and their decades are all computed from it.
role_decades as (
    select
        nconst,
        category,
        {{ decade('start_year') }} as decade,
        count(*) as credits,
        count(*) filter (where is_first_of_title) as titles,
        count(rating_tenths) as rated_titles,
        min(start_year) as first_year,
        max(start_year) as last_year,
        min(overall_rank) as best_rank,
        sum(rating_tenths) as rating_tenths,
        sum(rating_tenths::bigint * num_votes) as weighted_tenths,
        sum(num_votes) as total_votes
    from credits
    group by nconst, category, {{ decade('start_year') }}
),

roles as (
    select
        *,
        sum(credits) over (partition by nconst, category) as role_credits,
        row_number() over (partition by nconst, category) = 1 as is_first_of_role,
        category in ('archive_footage', 'archive_sound') as is_archive
    from role_decades
),

careers as (
    select
        nconst,
        (array_agg(category order by role_credits desc, category collate "C"))[1] as dominant_role,
        sum(credits)::bigint as total_credits,
        coalesce(sum(credits) filter (where category = 'director'), 0)::bigint as directing_credits,
        sum(titles)::bigint as distinct_titles,
        sum(rated_titles)::bigint as rated_titles,
        count(*) filter (where is_first_of_role) as distinct_roles,
        min(first_year) filter (where not is_archive) as first_credit_year,
        max(last_year) filter (where not is_archive) as last_credit_year,
        array_agg(distinct decade order by decade) filter (
            where not is_archive and decade is not null
        ) as active_decades,
        (sum(rating_tenths) / nullif(10 * sum(rated_titles), 0))::numeric(4, 2)
            as avg_project_rating,
        (sum(weighted_tenths) / nullif(10 * sum(total_votes), 0))::numeric(4, 2)
            as vote_weighted_rating,
        coalesce(sum(total_votes), 0)::bigint as total_votes,
        min(best_rank) as best_rank
    from roles
    group by nconst
),

dated_careers as (
    select
        careers.*,
        careers.last_credit_year - careers.first_credit_year as career_span_years,
        reference_year.reference_year - careers.last_credit_year as years_since_last_credit
    from careers
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
    from dated_careers as careers
    left join stg_name_basics as people on careers.nconst = people.nconst
    left join mart_top_titles as best_titles on careers.best_rank = best_titles.overall_rank
)

select * from mart_person_career
