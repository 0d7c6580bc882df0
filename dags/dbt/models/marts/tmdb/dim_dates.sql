with stg_tmdb__movies as (
    select release_date from {{ ref('stg_tmdb__movies') }}
),

stg_tmdb__shows as (
    select
        first_air_date,
        last_air_date
    from {{ ref('stg_tmdb__shows') }}
),

stg_tmdb__measures as (
    select day from {{ ref('stg_tmdb__measures') }}
),

ends as (
    select
        min(release_date) as first_day,
        max(release_date) as last_day
    from stg_tmdb__movies
    union all
    select
        least(min(first_air_date), min(last_air_date)) as first_day,
        greatest(max(first_air_date), max(last_air_date)) as last_day
    from stg_tmdb__shows
    union all
    select
        min(day) as first_day,
        max(day) as last_day
    from stg_tmdb__measures
),

-- As timestamps without a zone: every day has 24 hours.
days as (
    select days.day::date as calendar_date
    from (
        select
            min(first_day)::timestamp as first_day,
            max(last_day)::timestamp as last_day
        from ends
    ) as range
    cross join generate_series(range.first_day, range.last_day, interval '1 day') as days (day)
),

-- A fiscal year is the calendar year of the month that is so many months later.
fiscal_days as (
    select
        calendar_date,
        date_trunc('month', calendar_date::timestamp)
        + make_interval(months => (13 - {{ var('tmdb_fiscal_year_first_month') }}) % 12)
            as fiscal_month
    from days
),

dim_dates as (
    select
        {{ date_key('calendar_date') }} as date_sk,
        calendar_date,
        to_char(calendar_date, 'FMMonth') as month_name,
        to_char(calendar_date, 'FMDay') as weekday_name,
        {{ season_of('calendar_date') }} as season,
        extract(year from calendar_date)::integer as year,
        extract(quarter from calendar_date)::integer as quarter,
        extract(month from calendar_date)::integer as month,
        extract(day from calendar_date)::integer as day_of_month,
        extract(week from calendar_date)::integer as iso_week,
        extract(isodow from calendar_date)::integer as weekday,
        extract(year from fiscal_month)::integer as fiscal_year,
        extract(quarter from fiscal_month)::integer as fiscal_quarter,
        extract(isodow from calendar_date) in (6, 7) as is_weekend
    from fiscal_days
)

select * from dim_dates
