-- The macro label_for tries priorities 1, 2 … up to the most labels that a column may have, one
-- label each; the label without a bound comes last.
with labels as (
    select
        label_column,
        label,
        min(priority) as priority,
        max(priority) as last_priority,
        bool_and(lower_bound is null and upper_bound is null) as is_for_the_rest
    from {{ ref('label_thresholds') }}
    group by label_column, label
),

numbered_labels as (
    select
        *,
        row_number() over (partition by label_column order by priority, label) as place,
        count(*) over (partition by label_column) as labels
    from labels
)

select *
from numbered_labels
where
    priority <> place
    or last_priority <> place
    or is_for_the_rest <> (place = labels)
    or labels > {{ most_bounded_labels() }} + 1
