{#- The season of a day in the northern hemisphere, by whole months. -#}
{% macro season_of(day) -%}
    case
        when extract(month from {{ day }}) in (12, 1, 2) then 'Winter'
        when extract(month from {{ day }}) in (3, 4, 5) then 'Spring'
        when extract(month from {{ day }}) in (6, 7, 8) then 'Summer'
        when {{ day }} is not null then 'Fall'
    end
{%- endmacro %}
