{{ config(indexes=[{'columns': ['release_decade', 'rating_rank']}]) }}

with int_genre_ratings as (
    select
        genre,
        {{ decade('start_year') }} as release_decade,
        average_rating,
        titles,
        votes
    from {{ ref('int_genre_ratings') }}
    where start_year is not null
),

genre_decades as (
    select
        genre,
        release_decade,
        sum(titles)::bigint as total_titles,
        coalesce(sum(titles) filter (where average_rating is not null), 0)::bigint as rated_titles,
        round(
            sum(titles * average_rating)
            / nullif(sum(titles) filter (where average_rating is not null), 0), 2
        ) as avg_rating,
        round(
            sum(votes * average_rating)
            / nullif(sum(votes) filter (where average_rating is not null), 0), 2
        ) as weighted_rating,
        sum(votes)::bigint as total_votes
    from int_genre_ratings
    group by genre, release_decade
),

ranked_genre_decades as (
    select
        genre,
        release_decade,
        total_titles,
        rated_titles,
        round(
            100.0 * total_titles / sum(total_titles) over (partition by release_decade), 4
        ) as decade_share,
        avg_rating,
        weighted_rating,
        total_votes,
        row_number() over (
            partition by release_decade
            order by total_titles desc, genre collate "C"
        ) as volume_rank,
        row_number() over (
            partition by release_decade
            order by weighted_rating desc nulls last, total_votes desc, genre collate "C" asc
        ) as rating_position
    from genre_decades
),

mart_genre_by_decade as (
    select
        genre,
        release_decade,
        total_titles,
        rated_titles,
        decade_share,
        avg_rating,
        weighted_rating,
        total_votes,
        volume_rank,
        case when weighted_rating is not null then rating_position end as rating_rank
    from ranked_genre_decades
)

select * from mart_genre_by_decade
