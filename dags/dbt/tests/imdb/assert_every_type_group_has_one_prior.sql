select
    type_group,
    count(distinct prior_votes) as priors
from {{ ref('title_types') }}
group by type_group
having count(distinct prior_votes) <> 1
