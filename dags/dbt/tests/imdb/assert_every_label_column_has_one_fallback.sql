-- Without a label for the rest a row would go without, with two it would be a matter of luck.
select
    label_column,
    count(*) filter (where lower_bound is null) as fallbacks
from {{ ref('label_thresholds') }}
group by label_column
having count(*) filter (where lower_bound is null) <> 1
