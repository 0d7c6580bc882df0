with mart_rating_history as (
    select
        tconst,
        valid_from_load_id,
        valid_to_load_id,
        is_removed,
        valid_to,
        lead(valid_from_load_id) over titles as next_load_id,
        lead(valid_from) over titles as next_valid_from
    from {{ ref('mart_rating_history') }}
    window titles as (partition by tconst order by valid_from_load_id)
)

-- Only the last one is open; the next one begins where one ends, unless the title was away.
select *
from mart_rating_history
where
    (next_load_id is not null and valid_to_load_id is null)
    or valid_to_load_id > next_load_id
    or (is_removed and valid_to_load_id = next_load_id)
    or (
        not is_removed
        and (valid_to_load_id, valid_to) is distinct from (next_load_id, next_valid_from)
    )
