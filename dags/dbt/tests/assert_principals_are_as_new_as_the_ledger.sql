-- A load that commits while dbt runs makes this warn; the next run catches up.
{{ config(severity='warn') }}

{% set principals = ref('stg_title_principals') %}

with ledger as (
    select max(load_id) as load_id
    from {{ source('meta', 'load_log') }}
    where dataset = 'title.principals'
),

marks as (
    select max(load_id) as load_id
    from {{ principals.include(identifier=false) }}.high_water_mark
    where model = '{{ principals.identifier }}' and dataset = 'title.principals'
)

select
    ledger.load_id as newest_load,
    marks.load_id as processed_load
from ledger
cross join marks
where ledger.load_id is distinct from marks.load_id
