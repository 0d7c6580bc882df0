select
    period,
    measure,
    direction,
    mover_rank
from {{ ref('mart_rating_movers') }}
where mover_rank > {{ threshold('movers_per_list') }}
