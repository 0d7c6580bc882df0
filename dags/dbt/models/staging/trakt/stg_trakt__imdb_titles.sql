{#- Ephemeral: a view on a published table would be in the way of IMDb's next publish. -#}
{{ config(materialized='ephemeral') }}

with mart_top_titles as (
    {{ published(
        source('imdb_published', 'mart_top_titles'),
        {'tconst': 'text', 'average_rating': 'numeric', 'num_votes': 'integer'}
    ) }}
),

stg_trakt__imdb_titles as (
    select
        tconst,
        average_rating,
        num_votes
    from mart_top_titles
)

select * from stg_trakt__imdb_titles
