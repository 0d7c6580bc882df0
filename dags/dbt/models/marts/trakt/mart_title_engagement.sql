{{
    config(
        materialized='incremental',
        incremental_strategy='changed_keys',
        unique_key='title_key',
        meta={
            'datasets': [
                'comments', 'comment_versions', 'comment_measures', 'titles', 'seasons',
                'ratings', 'stats'
            ],
        },
    )
}}

{%- set durability_days = engagement_threshold('durability_days') %}
{%- set late_to_days = engagement_threshold('hold_up_late_to_days') %}
{%- set least_ratings = engagement_threshold('hold_up_least_ratings') %}

with dim_trakt_titles as (
    {{ own_rows(ref('dim_trakt_titles'), 'title_key') }}
),

fct_comment as (
    {{ own_rows(ref('fct_comment'), 'title_key') }}
),

stg_trakt__stats as (
    select
        kind,
        title_id,
        watchers
    from {{ ref('stg_trakt__stats') }}
),

int_trakt__reference_day as (
    select reference_day from {{ ref('int_trakt__reference_day') }}
),

titles as (
    select
        titles.title_key,
        titles.kind,
        titles.title_id,
        titles.title,
        titles.released_on,
        days.reference_day,
        {{ weeks_since('titles.released_on', 'days.reference_day') }} as weeks_since_release,
        titles.released_on + {{ durability_days }} as title_settles_on
    from dim_trakt_titles as titles
    cross join int_trakt__reference_day as days
),

-- A comment is settled when what it is about is old enough for all late comments to be written.
comments as (
    select
        comments.*,
        titles.title_settles_on,
        titles.reference_day,
        comments.counts_now and comments.age_days between 0 and {{ durability_days }} - 1
            as is_of_first_year,
        comments.released_on + {{ durability_days }} as settles_on,
        comments.counts_now
        and not coalesce(comments.is_anticipation, false)
        and comments.created_on >= titles.released_on
        -- A date in the future is a mistake.
        and comments.created_week <= date_trunc('week', titles.reference_day)::date
            as is_since_release
    from fct_comment as comments
    inner join titles on comments.title_key = titles.title_key
),

comments_per_user as (
    select
        title_key,
        user_key,
        count(*) as comments,
        bool_or(is_anticipation) as has_anticipated
    from comments
    where counts_now and user_key is not null
    group by title_key, user_key
),

users as (
    select
        title_key,
        count(*) as breadth,
        sum(comments)::bigint as authored_comments,
        sum(comments * comments)::bigint as sum_squared_user_comments,
        count(*) filter (where has_anticipated) as anticipation_users
    from comments_per_user
    group by title_key
),

counts as (
    select
        title_key,
        {{ comment_counts('counts_now') }},
        count(*) filter (where not counts_now) as gone_comments,
        count(*) filter (where counts_now and is_hidden) as hidden_comments,
        count(distinct created_week) filter (where is_since_release) as active_weeks,
        count(rating_at_first_sight) filter (
            where counts_now
            and age_days between 0 and {{ engagement_threshold('hold_up_early_days') }} - 1
        ) as early_ratings,
        sum(rating_at_first_sight) filter (
            where counts_now
            and age_days between 0 and {{ engagement_threshold('hold_up_early_days') }} - 1
        ) as early_rating_sum,
        count(rating_at_first_sight) filter (
            where counts_now
            and age_days between {{ engagement_threshold('hold_up_late_from_days') }}
            and {{ late_to_days }} - 1
        ) as late_ratings,
        sum(rating_at_first_sight) filter (
            where counts_now
            and age_days between {{ engagement_threshold('hold_up_late_from_days') }}
            and {{ late_to_days }} - 1
        ) as late_rating_sum,
        min(greatest(settles_on, title_settles_on)) filter (
            where is_of_first_year and greatest(settles_on, title_settles_on) > reference_day
        ) as next_settled_on,
        min(created_on) filter (where counts_now) as first_comment_on,
        max(created_on) filter (where counts_now) as last_comment_on
    from comments
    group by title_key
),

-- Whole and half days are exact in floating point.
settled as (
    select
        title_key,
        count(*) as d30_base_comments,
        count(*) filter (where age_days >= {{ engagement_threshold('durability_from_days') }})
            as d30_comments,
        percentile_cont(0.5) within group (order by age_days)::numeric(5, 1) as half_life_days
    from comments
    where
        is_of_first_year and settles_on <= reference_day and title_settles_on <= reference_day
    group by title_key
    having count(*) >= {{ engagement_threshold('durability_least_comments') }}
),

mart_title_engagement as (
    select
        titles.title_key,
        titles.kind,
        titles.title_id,
        titles.title,
        {% for column in comment_count_columns() -%}
            counts.{{ column }},
        {% endfor -%}
        counts.hidden_comments,
        counts.gone_comments,
        -- Comments were seen, and none of them names its author: no user is known to have written.
        case when counts.comments is not null then coalesce(users.authored_comments, 0) end
            as authored_comments,
        case when counts.comments is not null then coalesce(users.breadth, 0) end as breadth,
        case when counts.comments is not null then coalesce(users.sum_squared_user_comments, 0) end
            as sum_squared_user_comments,
        {{ effective_number('users.authored_comments', 'users.sum_squared_user_comments') }}
            as effective_breadth,
        stats.watchers,
        (case
            when counts.comments is not null
                then coalesce(users.breadth, 0)::numeric / nullif(stats.watchers, 0)
        end)::numeric(18, 8) as reach_normalised_breadth,
        {{ ratio('users.authored_comments', 'users.breadth') }} as intensity,
        {{ ratio('counts.replies', 'counts.top_level_comments') }} as reply_depth,
        {{ ratio('counts.likes', 'counts.top_level_comments') }} as appreciation,
        settled.d30_base_comments,
        settled.d30_comments,
        {{ ratio('settled.d30_comments', 'settled.d30_base_comments', 'numeric(5, 4)') }}
            as durability_d30,
        settled.half_life_days,
        case when counts.comments is not null then titles.weeks_since_release end
            as weeks_since_release,
        case when titles.weeks_since_release is not null then counts.active_weeks end
            as active_weeks,
        {{ ratio('counts.active_weeks', 'titles.weeks_since_release', 'numeric(5, 4)') }}
            as active_week_share,
        counts.early_ratings,
        counts.early_rating_sum,
        counts.late_ratings,
        counts.late_rating_sum,
        (case
            when
                counts.early_ratings >= {{ least_ratings }}
                and counts.late_ratings >= {{ least_ratings }}
                then
                    counts.late_rating_sum::numeric / counts.late_ratings
                    - counts.early_rating_sum::numeric / counts.early_ratings
        end)::numeric(6, 4) as hold_up,
        case
            when counts.anticipation_comments is not null
                then coalesce(users.anticipation_users, 0)
        end as anticipation_users,
        titles.released_on,
        counts.first_comment_on,
        counts.last_comment_on,
        counts.next_settled_on
    from titles
    left join counts on titles.title_key = counts.title_key
    left join users on titles.title_key = users.title_key
    left join settled on titles.title_key = settled.title_key
    left join stg_trakt__stats as stats
        on titles.kind = stats.kind and titles.title_id = stats.title_id
)

select * from mart_title_engagement
