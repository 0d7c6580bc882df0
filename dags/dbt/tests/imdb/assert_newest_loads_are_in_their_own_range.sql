{{ config(severity='warn') }}

select
    dataset || ': '
    || case measure
        when 'rows' then 'rows'
        when 'null_share' then 'null share of ' || column_name
        when 'mean' then 'mean of ' || column_name
    end
    || ' is ' || trim_scale(round(value, 4))
    || ', expected ' || trim_scale(round(lower_bound, 4))
    || ' to ' || trim_scale(round(upper_bound, 4))
    || ' (median ' || trim_scale(round(median, 4))
    || ' of the ' || loads_before || ' loads before)' as finding,
    load_id,
    dataset,
    measure,
    column_name,
    value,
    median,
    deviation,
    lower_bound,
    upper_bound,
    loads_before,
    loaded_at
from {{ ref('mart_load_quality') }}
where is_newest and is_outside
