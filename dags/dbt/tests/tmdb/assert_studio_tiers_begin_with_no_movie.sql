select min(least_movies) as least_movies
from {{ ref('studio_tiers') }}
having min(least_movies) is distinct from 0
