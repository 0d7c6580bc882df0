{% macro touched_by_mart_series_analytics() -%} {{ touched_series('tconst') }} {%- endmacro %}
