{#- A table: all models of a build see the same things gone. -#}
{{ config(materialized='table', unique_key=['media_type', 'id']) }}

with tmdb_gone as (
    select * from {{ source('tmdb', 'gone') }}
),

base_tmdb__gone as (
    select
        media_type,
        id,
        gone_at
    from tmdb_gone
)

select * from base_tmdb__gone
