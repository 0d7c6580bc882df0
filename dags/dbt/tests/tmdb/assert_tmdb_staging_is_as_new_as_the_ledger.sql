-- A load that commits while dbt runs makes this warn; the next run catches up.
{{ config(severity='warn') }}
{#- No model reads all of staging: the test runs when all of staging is built. -#}

{% set staged = [
    ref('base_tmdb__movies'),
    ref('base_tmdb__movie_credits'),
    ref('base_tmdb__shows'),
    ref('base_tmdb__show_credits'),
    ref('base_tmdb__people'),
    ref('base_tmdb__person_credits'),
    ref('stg_tmdb__known_for'),
    ref('stg_tmdb__measures'),
] %}

with newest_loads as (
    select
        dataset,
        max(load_id) as load_id
    from {{ source('warehouse', 'load_log') }}
    where source = 'tmdb' and {{ is_in_build('load_id') }}
    group by dataset
),

staging_models as (
    {% for relation in staged %}
        select
            '{{ relation.identifier }}' as model,
            '{{ dataset_of_staging(relation) }}' as dataset
        {% if not loop.last %} union all {% endif %}
    {% endfor %}
),

marks as (
    select
        model,
        dataset,
        load_id
    from {{ staged[0].include(identifier=false) }}.high_water_mark
)

select
    staging_models.model,
    newest_loads.load_id as newest_load,
    marks.load_id as processed_load
from staging_models
inner join newest_loads on staging_models.dataset = newest_loads.dataset
left join marks
    on staging_models.model = marks.model and staging_models.dataset = marks.dataset
where newest_loads.load_id is distinct from marks.load_id
