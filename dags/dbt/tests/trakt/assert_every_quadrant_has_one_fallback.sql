select count(*) as fallbacks
from {{ ref('engagement_quadrants') }}
where measure is null
having count(*) <> 1
