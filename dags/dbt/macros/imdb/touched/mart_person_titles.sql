{#-
    Titles whose credits, facts or rating changed, and titles whose rank changed for one of their
    people: percentiles move when others get votes. A title that is no longer ranked changed itself.
-#}
{% macro touched_by_mart_person_titles() -%}
    select tconst
    from {{ net_changes('title.principals', ['tconst', 'ordering', 'nconst', 'category', 'characters']) }} as credits
    where tconst <> ''
    union
    {{ titles_with_changed_facts() }}
    union
    select title_ranks.tconst
    from ({{ person_title_ranks() }}) as title_ranks
    inner join {{ this }} as titles
        on title_ranks.nconst = titles.nconst and title_ranks.tconst = titles.tconst
    where title_ranks.title_rank is distinct from titles.title_rank
{%- endmacro %}

{#- Titles of which something changed that both marts of people read. -#}
{% macro titles_with_changed_facts() -%}
    select tconst
    from {{ net_changes('title.basics', ['tconst', 'title_type', 'primary_title', 'start_year', 'is_adult']) }} as titles
    where tconst <> ''
    union
    select tconst
    from {{ net_changes('title.episode', ['tconst', 'parent_tconst']) }} as episodes
    where tconst <> ''
    union
    select tconst
    from {{ net_changes('title.ratings', ['tconst', 'average_rating', 'num_votes']) }} as ratings
    where tconst <> ''
{%- endmacro %}

{#-
    The rank of every title that is ranked among its person's titles. Some ten thousand films and series
    have enough votes, so this is computed in full: a title's percentile moves with the votes of others.
-#}
{% macro person_title_ranks() -%}
    select
        lines.nconst,
        lines.tconst,
        row_number() over (
            partition by lines.nconst
            order by titles.score_percentile desc, titles.num_votes desc, lines.tconst collate "C"
        )::integer as title_rank
    from {{ ref('mart_top_titles') }} as titles
    inner join {{ ref('stg_title_principals') }} as lines on titles.tconst = lines.tconst
    left join {{ ref('role_families') }} as families on lines.category = families.category
    where
        titles.type_group in ('Film', 'Series')
        and titles.score_percentile is not null
        and lines.nconst is not null
        and lines.category is not null
        and families.is_archive is not true
    group by lines.nconst, lines.tconst, titles.score_percentile, titles.num_votes
{%- endmacro %}
