-- The macro label_for looks at the measures that label_measures names; it would ignore any other
-- bound in the seed.
with label_thresholds as (
    select
        label_column,
        label,
        measure
    from {{ ref('label_thresholds') }}
    where lower_bound is not null or upper_bound is not null
),

compared_measures (label_column, measures) as (
    values
    {% for label_column in label_measures().split() -%}
        ('{{ label_column }}', '{{ label_measures(label_column) }}'){{ ',' if not loop.last }}
    {% endfor %}
)

select label_thresholds.*
from label_thresholds
left join compared_measures on label_thresholds.label_column = compared_measures.label_column
where
    label_thresholds.measure = any(string_to_array(compared_measures.measures, ' ')) is not true
