select
    count(*) as days,
    max(calendar_date) - min(calendar_date) + 1 as expected_days
from {{ ref('dim_dates') }}
having count(*) <> max(calendar_date) - min(calendar_date) + 1
