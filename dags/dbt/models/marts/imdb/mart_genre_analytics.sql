with int_genre_ratings as (
    select * from {{ ref('int_genre_ratings') }}
),

label_thresholds as (
    select * from {{ ref('label_thresholds') }}
    where model = 'mart_genre_analytics'
),

genre_years as (
    select
        genre,
        platform,
        start_year,
        sum(titles) as titles,
        coalesce(sum(titles) filter (where average_rating is not null), 0) as rated_titles,
        sum(titles * average_rating) as rating_sum,
        sum(votes) as votes
    from int_genre_ratings
    group by genre, platform, start_year
),

-- Where a rating stands when the rated titles of a genre are in order: after `below`, up to `upto`.
places as (
    select
        genre,
        average_rating,
        sum(sum(titles)) over ranked - sum(titles) as below,
        sum(sum(titles)) over ranked as upto,
        sum(sum(titles)) over (partition by genre) as rated_titles
    from int_genre_ratings
    where average_rating is not null
    group by genre, average_rating
    window ranked as (partition by genre order by average_rating)
),

-- The rating in the middle, or the two around it.
genre_medians as (
    select
        genre,
        round(avg(average_rating), 2) as median_rating
    from places
    where rated_titles between 2 * below and 2 * upto
    group by genre
),

-- The newest year with a rated title: later years are announcements.
reference_year as (
    select max(start_year) as reference_year
    from genre_years
    where rated_titles > 0
),

genre_periods as (
    select
        genre_years.*,
        -- 0 for the latest years, 1 for as many before; announcements are negative.
        floor(
            (reference_year.reference_year - genre_years.start_year)::numeric
            / {{ var('genre_period_years') }}
        ) as periods_ago
    from genre_years
    cross join reference_year
),

genre_totals as (
    select
        genre,
        sum(titles)::bigint as total_titles,
        sum(rated_titles)::bigint as rated_titles,
        sum(rating_sum) as rating_sum,
        sum(votes)::bigint as total_votes,
        coalesce(sum(titles) filter (where periods_ago = 0), 0)::bigint as recent_titles,
        coalesce(sum(titles) filter (where periods_ago = 1), 0)::bigint as previous_titles,
        round(
            sum(rating_sum) filter (where periods_ago = 0)
            / nullif(sum(rated_titles) filter (where periods_ago = 0), 0), 2
        ) as recent_avg_rating,
        round(
            sum(rating_sum) filter (where periods_ago = 1)
            / nullif(sum(rated_titles) filter (where periods_ago = 1), 0), 2
        ) as previous_avg_rating,
        coalesce(sum(votes) filter (where platform = 'Film'), 0)::bigint as film_votes,
        coalesce(sum(votes) filter (where platform = 'Series'), 0)::bigint as series_votes,
        coalesce(sum(votes) filter (where platform = 'Short'), 0)::bigint as short_votes
    from genre_periods
    group by genre
),

all_genres as (
    select
        sum(total_titles) as total_titles,
        round(sum(rating_sum) / nullif(sum(rated_titles), 0), 2) as avg_rating
    from genre_totals
),

genre_measures as (
    select
        genre_totals.*,
        genre_medians.median_rating,
        round(100.0 * genre_totals.total_titles / all_genres.total_titles, 4) as market_share,
        round(genre_totals.rating_sum / nullif(genre_totals.rated_titles, 0), 2) as avg_rating,
        round(
            100.0 * (genre_totals.recent_titles - genre_totals.previous_titles)
            / nullif(genre_totals.previous_titles, 0), 2
        ) as production_growth_pct,
        genre_totals.recent_avg_rating - genre_totals.previous_avg_rating as rating_change,
        round(genre_totals.rating_sum / nullif(genre_totals.rated_titles, 0), 2)
        - all_genres.avg_rating as rating_lead
    from genre_totals
    cross join all_genres
    left join genre_medians on genre_totals.genre = genre_medians.genre
),

mart_genre_analytics as (
    select
        genre,
        {{ label_for('production_trend') }} as production_trend,
        {{ label_for('quality_trend') }} as quality_trend,
        {{ label_for('investment_priority') }} as investment_priority,
        {{ label_for('content_strategy') }} as content_strategy,
        case
            when greatest(film_votes, series_votes, short_votes) = 0 then null
            when film_votes >= greatest(series_votes, short_votes) then 'Film First'
            when series_votes >= short_votes then 'Series First'
            else 'Short First'
        end as platform_strategy,
        total_titles,
        rated_titles,
        market_share,
        avg_rating,
        median_rating,
        rating_lead,
        total_votes,
        film_votes,
        series_votes,
        short_votes,
        recent_titles,
        previous_titles,
        production_growth_pct,
        recent_avg_rating,
        previous_avg_rating,
        rating_change
    from genre_measures
)

select * from mart_genre_analytics
