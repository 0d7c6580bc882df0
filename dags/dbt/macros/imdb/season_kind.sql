{#- Season 0 has specials; a number from 1900 on is a year. Only the others count as seasons. -#}
{% macro season_kind(season_number) -%}
    case
            when {{ season_number }} = 0 then 'Specials'
            when {{ season_number }} >= 1900 then 'Year'
            when {{ season_number }} is not null then 'Numbered'
        end
{%- endmacro %}
