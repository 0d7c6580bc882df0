{{ config(meta={'source': 'toy'}) }}

select
    label,
    count(*) as things
from {{ ref('stg_toy__things') }}
group by label
