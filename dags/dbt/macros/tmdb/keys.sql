{#- The key of a thing, a genre or a company: the same in every build, made of TMDb's own key. -#}
{% macro surrogate_key(kind, id) -%} md5({{ kind }} || '-' || {{ id }}) {%- endmacro %}

{#- The key of a version, which began at a moment. -#}
{% macro version_key(kind, id, moment) -%}
    md5({{ kind }} || '-' || {{ id }} || '-' || (extract(epoch from {{ moment }}) * 1000000)::bigint)
{%- endmacro %}

{#- YYYYMMDD -#}
{% macro date_key(day) -%}
    (extract(year from {{ day }}) * 10000 + extract(month from {{ day }}) * 100 + extract(day from {{ day }}))::integer
{%- endmacro %}
