{{ config(indexes=[{'columns': ['dataset', 'measure', 'column_name', 'load_id']}]) }}

with stg_warehouse__loads as (
    select
        load_id,
        dataset,
        history,
        loaded_at,
        rows,
        -- Without the port: a local server may use another one every day.
        coalesce(
            lower(substring(url, '^[a-z]+://(?:[^/@]*@)?([^/:]*)'))
            || substring(url, '^[a-z]+://[^/]*(/.*)$'),
            ''
        ) as source
    from {{ ref('stg_warehouse__loads') }}
    where source = 'imdb' and {{ is_in_build('load_id') }}
),

stg_warehouse__columns as (
    select
        load_id,
        column_name,
        rows,
        usable_values,
        numbers,
        total
    from {{ ref('stg_warehouse__columns') }}
    where source = 'imdb'
),

measured as (
    select
        load_id,
        'rows' as measure,
        '*' as column_name,
        rows::numeric as value,
        null::bigint as items
    from stg_warehouse__loads
    union all
    select
        load_id,
        'null_share' as measure,
        column_name,
        round((rows - usable_values)::numeric / nullif(rows, 0), 6) as value,
        rows as items
    from stg_warehouse__columns
    union all
    select
        load_id,
        'mean' as measure,
        column_name,
        round(total / nullif(numbers, 0), 6) as value,
        numbers as items
    from stg_warehouse__columns
    where numbers is not null
),

-- With the values of the loads before in the same history.
measures as (
    select
        loads.load_id,
        loads.dataset,
        loads.source,
        loads.loaded_at,
        measured.measure,
        measured.column_name,
        measured.value,
        measured.items,
        array_agg(measured.value) filter (where measured.value is not null) over (
            partition by
                loads.dataset, loads.history, measured.measure, measured.column_name
            order by loads.load_id
            rows between {{ var('quality_loads') }} preceding and 1 preceding
        ) as values_before,
        max(loads.load_id) over (partition by loads.dataset) as newest_load_id
    from stg_warehouse__loads as loads
    inner join measured on loads.load_id = measured.load_id
),

medians as (
    select
        *,
        {{ median_of_array('values_before') }} as median
    from measures
),

deviations as (
    select
        *,
        {{ median_of_array('values_before', 'abs(item - medians.median)') }} as deviation
    from medians
),

sizes as (
    select
        *,
        coalesce(cardinality(values_before), 0)::bigint as loads_before,
        -- The fewer there are, the more a share, a mean or their number moves by itself.
        round(
            {{ var('quality_small_tables') }}::numeric / nullif(sqrt(coalesce(items, median)), 0), 6
        ) as chance
    from deviations
),

tolerances as (
    select
        *,
        greatest(
            -- 1.4826: of normally distributed values it makes the standard deviation.
            {{ var('quality_tolerance') }} * 1.4826 * deviation,
            case measure
                when 'rows' then ({{ var('quality_least_rows') }} + chance) * median
                when 'null_share' then {{ var('quality_least_null_share') }} + chance
                when 'mean' then ({{ var('quality_least_mean') }} + chance) * abs(median)
            end
        ) as tolerance
    from sizes
),

ranges as (
    select
        *,
        -- There are no fewer rows than none.
        case
            when measure <> 'mean' and median < tolerance then 0
            else round(median - tolerance, 6)
        end as lower_bound,
        round(median + tolerance, 6) as upper_bound,
        value is not null and loads_before >= {{ var('quality_least_loads') }} as is_judged
    from tolerances
),

mart_load_quality as (
    select
        load_id,
        measure,
        column_name,
        dataset,
        source,
        loaded_at,
        value::numeric(30, 6) as value,
        loads_before,
        median::numeric(30, 6) as median,
        deviation::numeric(30, 6) as deviation,
        lower_bound::numeric(30, 6) as lower_bound,
        upper_bound::numeric(30, 6) as upper_bound,
        load_id = newest_load_id as is_newest,
        is_judged,
        is_judged and value not between lower_bound and upper_bound as is_outside
    from ranges
)

select * from mart_load_quality
