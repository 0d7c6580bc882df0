{#- The titles whose comments fct_comment may have written, with the new state of these comments. -#}
{% macro titles_of_changed_comments() -%}
    select comments.title_key
    from {{ ref('fct_comment') }} as comments
    where comments.comment_id in (
        select comment_id
        from {{ changes('comments') }} as changes
        union
        select comment_id
        from {{ changes('comment_versions') }} as changes
    )
    union
    select {{ title_key('level', 'title_id') }}
    from {{ changes('titles') }} as changes
    union
    select 'show-' || title_id
    from {{ changes('seasons') }} as changes
{%- endmacro %}

{#- The titles that a comment left, as where Trakt unites two and serves the comments under one of them. The changes
    name the new title only, so the comments that the mart has counted are compared with those that are there. -#}
{% macro titles_that_comments_left(counted, condition='true') -%}
    select mart.title_key
    from (
        select
            title_key,
            sum({{ counted }}) as comments
        from {{ this }}
        group by title_key
    ) as mart
    left join (
        select
            title_key,
            count(*) as comments
        from {{ ref('fct_comment') }}
        where {{ condition }}
        group by title_key
    ) as present on mart.title_key = present.title_key
    where mart.comments <> coalesce(present.comments, 0)
{%- endmacro %}

{% macro touched_by_mart_title_engagement_weekly() -%}
    {{ titles_of_changed_comments() }}
    union
    {{ titles_that_comments_left('comments', 'counts_in_week') }}
{%- endmacro %}

{% macro touched_by_mart_episode_engagement() -%}
    {{ titles_of_changed_comments() }}
    union
    {{ titles_that_comments_left(
        'comments + gone_comments',
        "level = 'episode' and season is not null and episode is not null"
    ) }}
{%- endmacro %}

{#- Time passes, too: weeks since release, and comments that enter D30. -#}
{% macro touched_by_mart_title_engagement() -%}
    {{ titles_of_changed_comments() }}
    union
    {{ titles_that_comments_left('comments + gone_comments') }}
    union
    select {{ title_key('level', 'title_id') }}
    from {{ changes('stats') }} as changes
    union
    select engagement.title_key
    from {{ this }} as engagement
    cross join {{ ref('int_trakt__reference_day') }} as days
    where
        engagement.next_settled_on <= days.reference_day
        or (
            engagement.comments is not null
            and engagement.weeks_since_release
            is distinct from {{ weeks_since('engagement.released_on', 'days.reference_day') }}
        )
    union
    select titles.title_key
    from {{ ref('dim_trakt_titles') }} as titles
    left join {{ this }} as engagement on titles.title_key = engagement.title_key
    where engagement.title_key is null
{%- endmacro %}

{#- Each title moves the percentiles of the others: all are looked at, what differs is written. -#}
{% macro touched_by_mart_engagement_quadrants() -%}
    select title_key
    from {{ ref('mart_title_engagement') }}
    union
    select title_key
    from {{ this }}
{%- endmacro %}

{#- IMDb publishes without a load of Trakt. -#}
{% macro touched_by_dim_trakt_titles() -%}
    select title_key
    from {{ ref('stg_trakt__titles') }}
    union
    select title_key
    from {{ ref('base_trakt__comments') }}
    where title_key is not null
    union
    select title_key
    from {{ this }}
{%- endmacro %}

{% macro touched_by_mart_rating_distribution() -%}
    select {{ title_key('level', 'title_id') }} as title_key
    from {{ changes('ratings') }} as changes
{%- endmacro %}
