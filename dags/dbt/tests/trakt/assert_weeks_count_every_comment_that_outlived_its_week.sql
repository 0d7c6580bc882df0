with fct_comment as (
    select count(*) as comments
    from {{ ref('fct_comment') }}
    where counts_in_week
),

mart_title_engagement_weekly as (
    select coalesce(sum(comments), 0) as comments
    from {{ ref('mart_title_engagement_weekly') }}
)

select
    fct_comment.comments,
    mart_title_engagement_weekly.comments as comments_of_all_weeks
from fct_comment
cross join mart_title_engagement_weekly
where fct_comment.comments <> mart_title_engagement_weekly.comments
