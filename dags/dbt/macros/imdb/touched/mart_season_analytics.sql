{% macro touched_by_mart_season_analytics() -%} {{ touched_series('series_tconst') }} {%- endmacro %}
