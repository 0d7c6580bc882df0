{{ config(indexes=[{'columns': ['release_decade', 'rating_rank']}]) }}

with int_title_with_genres as (
    select
        genre,
        release_decade,
        average_rating,
        num_votes
    from {{ ref('int_title_with_genres') }}
    where release_decade is not null
),

genre_decades as (
    select
        genre,
        release_decade,
        count(*) as total_titles,
        count(average_rating) as rated_titles,
        round(avg(average_rating), 2) as avg_rating,
        round(
            sum(average_rating * num_votes)
            / nullif(sum(num_votes) filter (where average_rating is not null), 0), 2
        ) as weighted_rating,
        coalesce(sum(num_votes), 0) as total_votes
    from int_title_with_genres
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
