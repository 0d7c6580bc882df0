-- The macro label_for gives the label with the greatest bound that is reached. That is the first
-- one by priority, as the seed promises, only while bounds fall as priorities grow.
with label_thresholds as (
    select
        *,
        min(measure) over (partition by label_column) as first_measure,
        max(measure) over (partition by label_column) as last_measure
    from {{ ref('label_thresholds') }}
),

neighbours as (
    select
        label_column,
        label,
        lower_bound,
        lag(lower_bound) over (partition by label_column order by priority) as bound_before,
        lead(label) over (partition by label_column order by priority) as label_after
    from label_thresholds
    where first_measure = last_measure
)

select *
from neighbours
where
    lower_bound >= bound_before
    or (lower_bound is null and label_after is not null)
