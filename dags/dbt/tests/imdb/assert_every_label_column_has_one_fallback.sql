-- Without a label for the rest a row has no label; with two it could have either.
select
    label_column,
    count(*) filter (where lower_bound is null and upper_bound is null) as fallbacks
from {{ ref('label_thresholds') }}
group by label_column
having count(*) filter (where lower_bound is null and upper_bound is null) <> 1
