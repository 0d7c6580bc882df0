{#- Ephemeral: a view on a published table would be in the way of IMDb's next publish. -#}
{{ config(materialized='ephemeral') }}

with mart_person_career as (
    {{ published(source('imdb_published', 'mart_person_career'), {'nconst': 'text'}) }}
),

stg_tmdb__imdb_people as (
    select nconst
    from mart_person_career
)

select * from stg_tmdb__imdb_people
