{#-
    The staging models of a source that are not built from the newest load of their dataset, as a query;
    `staged` are their relations.
-#}
{% macro staging_behind_the_ledger(source_name, staged) %}
with newest_loads as (
    select
        dataset,
        max(load_id) as load_id
    from {{ source('warehouse', 'load_log') }}
    where source = '{{ source_name }}' and {{ is_in_build('load_id') }}
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
{% endmacro %}
