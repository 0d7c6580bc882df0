{#-
    One row per title × person of a list in title.crew, from a CTE imdb_title_crew. A person listed
    twice keeps the first position.
-#}
{% macro crew_members(list_column) -%}
    select
        crew.tconst,
        listed.nconst,
        min(listed.nr)::integer as position
    from imdb_title_crew as crew
    cross join unnest({{ parse_list('crew.' ~ list_column) }})
        with ordinality as listed (nconst, nr)
    where {{ is_parseable('crew.tconst', 'code') }} and crew.tconst <> ''
    group by crew.tconst, listed.nconst
{%- endmacro %}
