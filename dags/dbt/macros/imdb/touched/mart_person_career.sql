{#-
    People whose credits, name or titles changed. The score of a title also depends on the mean rating
    of its type group, and the years since the last credit on the reference year. The means that the
    mart was built with are in its marks, the reference year is in the mart itself.
-#}
{% macro touched_by_mart_person_career() -%}
    with rescored_groups as (
        {{ group_ratings() }}
        except
        select dataset, load_id
        from {{ high_water_mark_table() }}
        where model = '{{ this.identifier }}'
    ),

    touched_titles as (
        select tconst
        from {{ net_changes('title.basics', ['tconst', 'title_type', 'primary_title', 'start_year']) }} as titles
        union
        select tconst
        from {{ net_changes('title.ratings', ['tconst', 'average_rating', 'num_votes']) }} as ratings
        union
        select tconst
        from {{ ref('mart_top_titles') }}
        where {{ group_mark() }} in (select mark from rescored_groups)
    ),

    reference_year as (
        select max(start_year) as reference_year
        from {{ ref('mart_top_titles') }}
    )

    select nconst
    from {{ net_changes('title.principals', ['tconst', 'nconst', 'category']) }} as credits
    where nconst <> ''
    union
    select nconst
    from {{ net_changes('name.basics', ['nconst', 'primary_name', 'birth_year', 'death_year']) }} as people
    where nconst <> ''
    union
    select credits.nconst
    from {{ ref('stg_title_principals') }} as credits
    inner join touched_titles on credits.tconst = touched_titles.tconst
    where credits.nconst is not null
    union
    select people.nconst
    from {{ this }} as people
    cross join reference_year
    where
        people.last_credit_year is not null
        and people.last_credit_year + people.years_since_last_credit
        is distinct from reference_year.reference_year
{%- endmacro %}

{#- The name under which the marks of the mart keep the mean rating of a type group, in hundredths. -#}
{% macro group_mark() -%} 'group_rating of ' || type_group {%- endmacro %}

{% macro group_ratings() -%}
    select distinct
        {{ group_mark() }} as mark,
        (100 * group_rating)::bigint as hundredths
    from {{ ref('mart_top_titles') }}
{%- endmacro %}

{#- Part of the post-hook: what the next build compares with. -#}
{% macro remember_group_ratings() %}
delete from {{ high_water_mark_table() }}
where
    model = '{{ this.identifier }}'
    and dataset like 'group_rating of %'
    and (dataset, load_id) not in ({{ group_ratings() }});
insert into {{ high_water_mark_table() }} (model, dataset, load_id)
select '{{ this.identifier }}', mark, hundredths
from ({{ group_ratings() }}) as means
on conflict (model, dataset) do nothing;
{% endmacro %}
