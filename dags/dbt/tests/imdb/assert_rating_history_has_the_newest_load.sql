{{ config(severity='warn') }}
-- depends_on: {{ ref('mart_rating_history') }}

select max(load_id) as newest_load
from {{ source('warehouse', 'load_log') }}
where source = 'imdb' and dataset = 'title.ratings'
having not {{ rating_changes_are_complete() }}
