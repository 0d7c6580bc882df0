{#-
    People whose credits or name changed, those with a title of which a fact or the rating changed, and
    those whose best title or its score is another one now. All with dated or upcoming work when the
    reference year is not the one that the mart was built with, which its rows say.
-#}
{% macro touched_by_mart_person_career() -%}
    with touched_titles as (
        {{ titles_with_changed_facts() }}
    ),

    reference_years as (
        select
            (select reference_year from {{ ref('int_reference_year') }}) as current_year,
            (
                select last_credit_year + years_since_last_credit
                from {{ this }}
                where last_credit_year is not null
                limit 1
            ) as year_of_mart
    )

    select nconst
    from {{ net_changes('title.principals', ['tconst', 'nconst', 'category']) }} as credits
    where nconst <> ''
    union
    select nconst
    from {{ net_changes('name.basics', ['nconst', 'primary_name', 'birth_year', 'death_year']) }} as people
    where nconst <> ''
    union
    select titles.nconst
    from {{ ref('mart_person_titles') }} as titles
    inner join touched_titles on titles.tconst = touched_titles.tconst
    union
    select titles.nconst
    from {{ ref('mart_top_titles') }} as ranked_titles
    inner join {{ ref('mart_person_titles') }} as titles on ranked_titles.tconst = titles.tconst
    inner join {{ this }} as people on titles.nconst = people.nconst
    where
        ranked_titles.type_group in ('Film', 'Series')
        and ranked_titles.score_percentile is not null
        and titles.title_rank = 1
        and (people.best_title_tconst, people.best_title_score)
        is distinct from (titles.tconst, ranked_titles.weighted_score)
    union
    select people.nconst
    from {{ this }} as people
    cross join reference_years
    where
        reference_years.current_year is distinct from reference_years.year_of_mart
        and (people.last_credit_year is not null or people.upcoming_credits > 0)
{%- endmacro %}
