{{
    config(
        unique_key=['kind', 'title_id'],
        meta={'datasets': ['stats']},
    )
}}

with trakt_stats as (
    {{ rows_of(source('trakt', 'stats')) }}
),

stg_trakt__stats as (
    select
        trakt_stats.level as kind,
        trakt_stats.title_id,
        {{ title_key('trakt_stats.level', 'trakt_stats.title_id') }} as title_key,
        {{ json_count('body.watchers') }} as watchers,
        {{ json_integer('body.plays') }} as plays,
        {{ json_count('body.collectors') }} as collectors,
        {{ json_count('body.comments') }} as comments,
        {{ json_count('body.lists') }} as lists,
        {{ json_count('body.votes') }} as votes,
        {{ json_count('body.favorited') }} as favorited,
        trakt_stats.ingested_at as answered_at
    from trakt_stats
    {{ read_body(
        'trakt_stats.raw_data',
        text=['watchers', 'plays', 'collectors', 'comments', 'lists', 'votes', 'favorited']
    ) }}
    where trakt_stats.raw_data is not null
)

select * from stg_trakt__stats
