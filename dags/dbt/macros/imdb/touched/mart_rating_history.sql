{#- The open versions of the titles whose line changed; closed ones are history, new ones have no row. -#}
{% macro touched_by_mart_rating_history() -%}
    select
        tconst,
        valid_from_load_id
    from {{ this }}
    where
        valid_to is null
        and tconst in (select tconst from {{ changes('title.ratings') }} as changes)
{%- endmacro %}
