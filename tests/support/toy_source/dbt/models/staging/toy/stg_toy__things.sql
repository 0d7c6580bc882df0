{{ config(unique_key='id', meta={'source': 'toy', 'datasets': ['things']}) }}

with toy_things as (
    {{ rows_of(source('toy', 'things')) }}
)

select
    id,
    label
from toy_things
