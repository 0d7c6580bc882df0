{#- What was answered, measured, or is gone. -#}
{% macro touched_by_popular_movies() -%}
    select movie_id
    from {{ changes('movies') }} as changes
    union
    select id
    from {{ changes('measures') }} as changes
    where media_type = 'movie'
    union
    select movies.movie_id
    from {{ this }} as movies
    inner join {{ ref('int_tmdb__movies') }} as gone on movies.movie_id = gone.movie_id
    where gone.is_gone
{%- endmacro %}
