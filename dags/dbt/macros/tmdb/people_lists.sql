{#- The answers of /person/popular that stg_tmdb__known_for has to read: all, or those since its mark. -#}
{% macro answers_of_people_lists() -%}
    select
        answer_id,
        raw_data,
        ingested_at
    from {{ source('tmdb', 'lists') }}
    where
        kind = 'person'
        and raw_data is not null
        and load_id <= coalesce({{ bound('newest', 'lists') }}, 9223372036854775807)
        {%- if is_incremental() %}
        and load_id > coalesce({{ bound('mark', 'lists') }}, 0)
        {%- endif %}
{%- endmacro %}
