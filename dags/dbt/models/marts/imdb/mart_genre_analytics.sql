with int_genre_ratings as (
    select * from {{ ref('int_genre_ratings') }}
),

title_types as (
    select
        title_type,
        platform,
        type_group = 'Episode' as is_episode
    from {{ ref('title_types') }}
    where platform in ('Film', 'Series', 'Short')
),

label_thresholds as (
    select * from {{ ref('label_thresholds') }}
    where model = 'mart_genre_analytics'
),

genre_decisions as (
    select * from {{ ref('genre_decisions') }}
),

int_reference_year as (
    select * from {{ ref('int_reference_year') }}
),

genre_years as (
    select
        ratings.genre,
        title_types.platform,
        title_types.is_episode,
        -- 0 for the recent years, 1 for as many before; announcements are negative.
        floor(
            (int_reference_year.reference_year - ratings.start_year)::numeric
            / {{ threshold('genre_period_years') }}
        ) as periods_ago,
        ratings.average_rating,
        ratings.titles,
        ratings.votes
    from int_genre_ratings as ratings
    inner join title_types on ratings.title_type = title_types.title_type
    cross join int_reference_year
),

title_years as (
    select * from genre_years
    where not is_episode
),

-- Where a rating stands when the rated titles of a genre are in order: after `below`, up to `upto`.
places as (
    select
        genre,
        average_rating,
        sum(sum(titles)) over ranked - sum(titles) as below,
        sum(sum(titles)) over ranked as upto,
        sum(sum(titles)) over (partition by genre) as rated_titles
    from title_years
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

genre_episodes as (
    select
        genre,
        coalesce(sum(titles) filter (where is_episode), 0)::bigint as total_episodes,
        coalesce(sum(votes) filter (where is_episode), 0)::bigint as episode_votes
    from genre_years
    group by genre
),

genre_periods as (
    select
        genre,
        platform,
        periods_ago,
        sum(titles) as titles,
        coalesce(sum(titles) filter (where average_rating is not null), 0) as rated_titles,
        sum(titles * average_rating) as rating_sum,
        sum(votes) as votes
    from title_years
    group by genre, platform, periods_ago
),

genre_totals as (
    select
        genre,
        sum(titles) as total_titles,
        sum(rated_titles) as rated_titles,
        sum(rating_sum) as rating_sum,
        sum(titles) filter (where periods_ago = 0) as recent_titles,
        sum(titles) filter (where periods_ago = 1) as previous_titles,
        sum(rated_titles) filter (where periods_ago = 0) as recent_rated_titles,
        sum(rated_titles) filter (where periods_ago = 1) as previous_rated_titles,
        sum(rating_sum) filter (where periods_ago = 0) as recent_rating_sum,
        sum(rating_sum) filter (where periods_ago = 1) as previous_rating_sum,
        sum(votes) filter (where platform = 'Film') as film_votes,
        sum(votes) filter (where platform = 'Series') as series_votes,
        sum(votes) filter (where platform = 'Short') as short_votes
    from genre_periods
    group by genre
),

all_genres as (
    select
        sum(total_titles) as total_titles,
        round(sum(rating_sum) / nullif(sum(rated_titles), 0), 2) as avg_rating
    from genre_totals
),

genre_figures as (
    select
        genre_episodes.genre,
        coalesce(totals.total_titles, 0)::bigint as total_titles,
        coalesce(totals.rated_titles, 0)::bigint as rated_titles,
        genre_episodes.total_episodes,
        round(
            100.0 * coalesce(totals.total_titles, 0) / nullif(all_genres.total_titles, 0), 4
        ) as market_share,
        round(totals.rating_sum / nullif(totals.rated_titles, 0), 2) as avg_rating,
        genre_medians.median_rating,
        all_genres.avg_rating as avg_rating_of_all,
        coalesce(totals.film_votes, 0)::bigint as film_votes,
        coalesce(totals.series_votes, 0)::bigint as series_votes,
        coalesce(totals.short_votes, 0)::bigint as short_votes,
        genre_episodes.episode_votes,
        coalesce(totals.recent_titles, 0)::bigint as recent_titles,
        coalesce(totals.previous_titles, 0)::bigint as previous_titles,
        case
            when totals.recent_rated_titles >= {{ threshold('genre_least_rated_titles') }}
                then round(totals.recent_rating_sum / totals.recent_rated_titles, 2)
        end as recent_avg_rating,
        case
            when totals.previous_rated_titles >= {{ threshold('genre_least_rated_titles') }}
                then round(totals.previous_rating_sum / totals.previous_rated_titles, 2)
        end as previous_avg_rating
    from genre_episodes
    cross join all_genres
    left join genre_totals as totals on genre_episodes.genre = totals.genre
    left join genre_medians on genre_episodes.genre = genre_medians.genre
),

genre_measures as (
    select
        *,
        case
            when rated_titles >= {{ threshold('genre_least_rated_titles') }}
                then avg_rating - avg_rating_of_all
        end as rating_lead,
        film_votes + series_votes + short_votes as total_votes,
        case
            when previous_titles >= {{ threshold('genre_least_titles') }}
                then round(100.0 * (recent_titles - previous_titles) / previous_titles, 2)
        end as production_growth_pct,
        recent_avg_rating - previous_avg_rating as rating_change
    from genre_figures
),

labelled_genres as (
    select
        *,
        {{ label_for('rating_level') }} as rating_level,
        {{ label_for('production_trend') }} as production_trend,
        {{ label_for('quality_trend') }} as quality_trend
    from genre_measures
),

mart_genre_analytics as (
    select
        genres.genre,
        genres.rating_level,
        genres.production_trend,
        genres.quality_trend,
        decisions.investment_priority,
        decisions.content_strategy,
        case
            when greatest(genres.film_votes, genres.series_votes, genres.short_votes) = 0 then null
            when genres.film_votes >= greatest(genres.series_votes, genres.short_votes)
                then 'Film First'
            when genres.series_votes >= genres.short_votes then 'Series First'
            else 'Short First'
        end as platform_strategy,
        genres.total_titles,
        genres.rated_titles,
        genres.total_episodes,
        genres.market_share,
        genres.avg_rating,
        genres.median_rating,
        genres.rating_lead,
        genres.total_votes,
        genres.film_votes,
        genres.series_votes,
        genres.short_votes,
        genres.episode_votes,
        genres.recent_titles,
        genres.previous_titles,
        genres.production_growth_pct,
        genres.recent_avg_rating,
        genres.previous_avg_rating,
        genres.rating_change
    from labelled_genres as genres
    left join genre_decisions as decisions
        on
            genres.rating_level = decisions.rating_level
            and genres.production_trend = decisions.production_trend
            and genres.quality_trend = decisions.quality_trend
)

select * from mart_genre_analytics
