{{
    config(
        materialized='incremental',
        incremental_strategy='changed_keys',
        unique_key='nconst',
        meta={
            'datasets': [
                'title.principals', 'name.basics', 'title.basics', 'title.episode', 'title.ratings',
            ],
        },
        indexes=[
            {'columns': ['total_credits']},
            {'columns': ['dominant_role', 'total_credits']},
            {'columns': ['person_name'], 'type': 'hash'},
        ],
    )
}}

with mart_person_titles as (
    select
        nconst,
        tconst,
        work_tconst,
        primary_title,
        roles,
        start_year,
        average_rating,
        num_votes,
        title_rank,
        is_adult,
        counts
    from {{ ref('mart_person_titles') }}
    {% if is_incremental() %}
        where nconst in (select touched.nconst from touched)
    {% endif %}
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
        weighted_score
    from {{ ref('mart_top_titles') }}
),

int_reference_year as (
    select reference_year from {{ ref('int_reference_year') }}
),

role_families as (
    select distinct
        role_family,
        is_role,
        is_archive
    from {{ ref('role_families') }}
),

label_thresholds as (
    select * from {{ ref('label_thresholds') }}
    where model = 'mart_person_career'
),

-- A year before birth or after the year after death is that of a reissue or of a source work. So is
-- one too far from the only year that is known, or from the first credit.
lives as (
    select
        titles.nconst,
        coalesce(
            people.birth_year, people.death_year - {{ threshold('longest_life_years') }}
        ) as first_year,
        coalesce(
            people.death_year::bigint + 1,
            people.birth_year::bigint + {{ threshold('longest_life_years') }},
            min(titles.start_year)::bigint + {{ threshold('longest_career_years') }}
        ) as last_year
    from mart_person_titles as titles
    left join stg_name_basics as people on titles.nconst = people.nconst
    where titles.counts
    group by titles.nconst, people.birth_year, people.death_year
),

titles as (
    select
        mart_person_titles.*,
        case
            when not mart_person_titles.counts then 'not counted'
            when mart_person_titles.start_year is null then 'undated'
            when
                mart_person_titles.start_year < lives.first_year
                or mart_person_titles.start_year > lives.last_year
                then 'posthumous'
            when mart_person_titles.start_year > int_reference_year.reference_year then 'upcoming'
            else 'dated'
        end as standing
    from mart_person_titles
    cross join int_reference_year
    left join lives on mart_person_titles.nconst = lives.nconst
),

-- A family that the seed does not know is a role of its own.
roles as (
    select
        titles.nconst,
        listed.role_family,
        coalesce(role_families.is_role, true) as is_role,
        count(*) filter (where titles.counts and not coalesce(role_families.is_archive, false))
            as credits,
        count(*) filter (
            where titles.standing = 'posthumous' and not coalesce(role_families.is_archive, false)
        ) as posthumous_credits,
        count(*) filter (
            where titles.standing = 'upcoming' and not coalesce(role_families.is_archive, false)
        ) as upcoming_credits,
        count(*) filter (where coalesce(role_families.is_archive, false)) as archive_credits,
        count(*) filter (where titles.is_adult and not coalesce(role_families.is_archive, false))
            as adult_credits
    from titles
    cross join unnest(titles.roles) as listed (role_family)
    left join role_families on listed.role_family = role_families.role_family
    group by titles.nconst, listed.role_family, coalesce(role_families.is_role, true)
),

credits_per_person as (
    select
        nconst,
        (
            array_agg(role_family order by credits desc, role_family collate "C")
            filter (where credits > 0)
        )[1] as dominant_role,
        sum(credits)::bigint as total_credits,
        coalesce(sum(credits) filter (where role_family = 'directing'), 0)::bigint
            as directing_credits,
        sum(archive_credits)::bigint as archive_credits,
        sum(adult_credits)::bigint as adult_credits,
        sum(posthumous_credits)::bigint as posthumous_credits,
        sum(upcoming_credits)::bigint as upcoming_credits,
        count(*) filter (where is_role and credits > 0) as distinct_roles
    from roles
    group by nconst
),

-- The rating of a work is that of its mean title: a series' episodes together weigh as one film.
works as (
    select
        nconst,
        work_tconst,
        avg(average_rating)::numeric(4, 2) as work_rating,
        sum(average_rating * num_votes) as weighted_ratings,
        sum(num_votes) filter (where average_rating is not null) as votes
    from titles
    where counts
    group by nconst, work_tconst
),

works_per_person as (
    select
        nconst,
        count(*) as distinct_titles,
        count(work_rating) as rated_titles,
        avg(work_rating)::numeric(4, 2) as avg_project_rating,
        (sum(weighted_ratings) / nullif(sum(votes), 0))::numeric(4, 2) as vote_weighted_rating,
        sum(votes)::bigint as total_votes
    from works
    group by nconst
),

years_per_person as (
    select
        nconst,
        min(start_year) as first_credit_year,
        max(start_year) as last_credit_year,
        array_agg(distinct {{ decade('start_year') }} order by {{ decade('start_year') }})
            as active_decades
    from titles
    where standing = 'dated'
    group by nconst
),

best_titles as (
    select
        titles.nconst,
        titles.tconst,
        titles.primary_title,
        mart_top_titles.weighted_score
    from titles
    left join mart_top_titles on titles.tconst = mart_top_titles.tconst
    where titles.title_rank = 1
),

careers as (
    select
        credits.*,
        people.primary_name as person_name,
        people.birth_year,
        people.death_year,
        coalesce(works.distinct_titles, 0) as distinct_titles,
        coalesce(works.rated_titles, 0) as rated_titles,
        works.avg_project_rating,
        works.vote_weighted_rating,
        coalesce(works.total_votes, 0) as total_votes,
        years.first_credit_year,
        years.last_credit_year,
        years.active_decades,
        years.last_credit_year - years.first_credit_year as career_span_years,
        int_reference_year.reference_year - years.last_credit_year as years_since_last_credit,
        best_titles.tconst as best_title_tconst,
        best_titles.primary_title as best_title,
        best_titles.weighted_score as best_title_score,
        people.death_year is not null as is_deceased
    from credits_per_person as credits
    cross join int_reference_year
    left join works_per_person as works on credits.nconst = works.nconst
    left join years_per_person as years on credits.nconst = years.nconst
    left join best_titles on credits.nconst = best_titles.nconst
    left join stg_name_basics as people on credits.nconst = people.nconst
),

mart_person_career as (
    select
        nconst,
        person_name,
        dominant_role,
        {{ label_for('versatility_level') }} as versatility_level,
        {{ label_for('productivity_tier') }} as productivity_tier,
        {{ label_for('career_stage') }} as career_stage,
        {{ label_for('quality_reputation') }} as quality_reputation,
        best_title_tconst,
        best_title,
        birth_year,
        death_year,
        total_credits,
        directing_credits,
        archive_credits,
        adult_credits,
        posthumous_credits,
        upcoming_credits,
        distinct_titles,
        rated_titles,
        distinct_roles,
        first_credit_year,
        last_credit_year,
        career_span_years,
        years_since_last_credit,
        active_decades,
        avg_project_rating,
        vote_weighted_rating,
        total_votes,
        best_title_score,
        is_deceased
    from careers
)

select * from mart_person_career
