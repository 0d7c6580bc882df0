{#- Our times have a zone. dbt compares this type with that of a snapshot's updated_at and warns. -#}
{% macro postgres__snapshot_get_time() -%} current_timestamp {%- endmacro %}
