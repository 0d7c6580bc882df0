with fct_comment as (
    select count(*) as comments
    from {{ ref('fct_comment') }}
    where counts_now
),

mart_title_engagement as (
    select coalesce(sum(comments), 0) as comments
    from {{ ref('mart_title_engagement') }}
)

select
    fct_comment.comments,
    mart_title_engagement.comments as comments_of_all_titles
from fct_comment
cross join mart_title_engagement
where fct_comment.comments <> mart_title_engagement.comments
