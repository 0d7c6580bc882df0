with stg_tmdb__genres as (
    select * from {{ ref('stg_tmdb__genres') }}
),

stg_tmdb__movie_genres as (
    select * from {{ ref('stg_tmdb__movie_genres') }}
),

stg_tmdb__show_genres as (
    select * from {{ ref('stg_tmdb__show_genres') }}
),

genre_groups as (
    select * from {{ ref('genre_groups') }}
),

-- Titles keep genres that the lists no longer have.
genres_of_titles as (
    select
        'movie' as kind,
        genre_id,
        (array_agg(genre_name order by answered_at desc, movie_id desc))[1] as genre_name
    from stg_tmdb__movie_genres
    group by genre_id
    union all
    select
        'tv' as kind,
        genre_id,
        (array_agg(genre_name order by answered_at desc, show_id desc))[1] as genre_name
    from stg_tmdb__show_genres
    group by genre_id
),

all_genres as (
    select
        listed.is_listed,
        coalesce(listed.kind, used.kind) as kind,
        coalesce(listed.genre_id, used.genre_id) as genre_id,
        coalesce(listed.genre_name, used.genre_name) as genre_name
    from stg_tmdb__genres as listed
    full join genres_of_titles as used
        on listed.kind = used.kind and listed.genre_id = used.genre_id
),

dim_genres as (
    select
        {{ surrogate_key('genres.kind', 'genres.genre_id') }} as genre_sk,
        genres.kind,
        genres.genre_id,
        genres.genre_name,
        coalesce(genre_groups.genre_group, 'Other') as genre_group,
        coalesce(genre_groups.is_blockbuster_genre, false) as is_blockbuster_genre,
        not coalesce(genres.is_listed, false) and exists (
            select from stg_tmdb__genres as listed
            where listed.kind = genres.kind
        ) as retired
    from all_genres as genres
    left join genre_groups on genres.genre_id = genre_groups.genre_id
)

select * from dim_genres
