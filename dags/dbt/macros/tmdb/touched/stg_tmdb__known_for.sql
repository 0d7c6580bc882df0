{#- The people on the pages that came since the mark; who left a page stays as they were. -#}
{% macro touched_by_stg_tmdb__known_for() -%}
    select distinct {{ json_integer("(element.value ->> 'id')") }} as person_id
    from ({{ answers_of_people_lists() }}) as tmdb_lists
    cross join lateral {{ json_elements("(tmdb_lists.raw_data -> 'results')") }} as element (value)
{%- endmacro %}
