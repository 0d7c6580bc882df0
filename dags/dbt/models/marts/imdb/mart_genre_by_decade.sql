{{ config(indexes=[{'columns': ['release_decade', 'rating_rank']}]) }}

with int_genre_ratings as (
    select * from {{ ref('int_genre_ratings') }}
    where start_year is not null
),

title_types as (
    select
        title_type,
        type_group = 'Episode' as is_episode
    from {{ ref('title_types') }}
    where platform in ('Film', 'Series', 'Short')
),

genre_years as (
    select
        ratings.genre,
        {{ decade('ratings.start_year') }} as release_decade,
        ratings.average_rating,
        case when title_types.is_episode then ratings.titles else 0 end as episodes,
        case when title_types.is_episode then 0 else ratings.titles end as titles,
        case when title_types.is_episode then 0 else ratings.votes end as votes
    from int_genre_ratings as ratings
    inner join title_types on ratings.title_type = title_types.title_type
),

genre_decades as (
    select
        genre,
        release_decade,
        sum(titles)::bigint as total_titles,
        coalesce(sum(titles) filter (where average_rating is not null), 0)::bigint as rated_titles,
        sum(episodes)::bigint as total_episodes,
        round(
            sum(titles * average_rating)
            / nullif(sum(titles) filter (where average_rating is not null), 0), 2
        ) as avg_rating,
        round(
            sum(votes * average_rating)
            / nullif(sum(votes) filter (where average_rating is not null), 0), 2
        ) as weighted_rating,
        sum(votes)::bigint as total_votes
    from genre_years
    group by genre, release_decade
),

ranked_genre_decades as (
    select
        *,
        rated_titles >= {{ threshold('genre_least_rated_titles') }} as has_rank,
        row_number() over (
            partition by release_decade
            order by total_titles desc, genre collate "C"
        ) as volume_rank
    from genre_decades
),

mart_genre_by_decade as (
    select
        genre,
        release_decade,
        total_titles,
        rated_titles,
        total_episodes,
        round(
            100.0 * total_titles / nullif(sum(total_titles) over (partition by release_decade), 0),
            4
        ) as decade_share,
        avg_rating,
        weighted_rating,
        total_votes,
        volume_rank,
        case
            when has_rank
                then row_number() over (
                        partition by release_decade, has_rank
                        order by avg_rating desc, total_votes desc, genre collate "C"
                    )
        end as rating_rank
    from ranked_genre_decades
)

select * from mart_genre_by_decade
