{% macro touched_by_mart_episode_ratings() -%} {{ touched_series('series_tconst') }} {%- endmacro %}
