{#-
    The series whose rows have to be looked at again: those that an episode left or joined (the
    parents of the old and of the new lines), those with an episode whose own line or rating changed,
    and those whose own line or rating changed.
-#}
{% macro touched_series(column) -%}
    with changed_titles as (
        select tconst from {{ changes('title.basics') }} as changes
        union
        select tconst from {{ changes('title.ratings') }} as changes
    )

    select nullif(parent_tconst, '') as {{ column }}
    from {{ changes('title.episode') }} as changes
    union
    select episodes.series_tconst
    from changed_titles
    inner join {{ ref('int_title_hierarchies') }} as episodes using (tconst)
    union
    select changed_titles.tconst
    from changed_titles
    where exists (
        select from {{ ref('int_title_hierarchies') }} as episodes
        where episodes.series_tconst = changed_titles.tconst
    )
{%- endmacro %}
