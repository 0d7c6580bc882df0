{#- Trakt numbers movies and shows apart: a number is unique within its kind only. -#}

{#- movie or show, from what a comment or an answer is about; NULL for a list. -#}
{% macro title_kind(level) -%}
    case {{ level }} when 'movie' then 'movie' when 'list' then null else 'show' end
{%- endmacro %}

{#- movie-<number> or show-<number>. -#}
{% macro title_key(level, title_id) -%} {{ title_kind(level) }} || '-' || {{ title_id }} {%- endmacro %}

{% macro utc_day(moment) -%} ({{ moment }} at time zone 'UTC')::date {%- endmacro %}

{#- The Monday of the ISO week of a day. -#}
{% macro iso_monday(day) -%} ({{ day }} - (extract(isodow from {{ day }})::integer - 1)) {%- endmacro %}
