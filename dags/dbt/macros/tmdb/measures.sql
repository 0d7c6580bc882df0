{#- All days of the things of which a day is touched, or all. -#}
{% macro measures_of_touched_things(relation) -%}
    select *
    from {{ relation }}
    {%- if is_incremental() %}
    where (media_type, id) in (select touched.media_type, touched.id from touched)
    {%- endif %}
{%- endmacro %}
