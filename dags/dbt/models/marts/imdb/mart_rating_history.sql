{{
    config(
        materialized='incremental',
        incremental_strategy='changed_keys',
        unique_key=['tconst', 'valid_from_load_id'],
        meta={'datasets': ['title.ratings']},
        indexes=[{'columns': ['valid_to', 'tconst']}, {'columns': ['valid_from']}],
    )
}}

{#- The ratings are not read here, but their mark says how far the history may go. -#}
-- depends_on: {{ ref('stg_title_ratings') }}

with stg_warehouse__loads as (
    select
        load_id,
        history,
        loaded_at
    from {{ ref('stg_warehouse__loads') }}
    where
        source = 'imdb'
        and dataset = 'title.ratings'
        and load_id <= coalesce({{ bound('newest', 'title.ratings') }}, 9223372036854775807)
),

stg_imdb__rating_changes as (
    select * from {{ ref('stg_imdb__rating_changes') }}
    {% if is_incremental() %}
        where load_id > coalesce({{ bound('mark', 'title.ratings') }}, 0)
    {% endif %}
),

-- Ratings from another origin are another history.
loads as (
    select
        load_id,
        loaded_at
    from stg_warehouse__loads
    where
        history = (select max(newest.history) from stg_warehouse__loads as newest)
        {% if is_incremental() %}
            and load_id > coalesce({{ bound('mark', 'title.ratings') }}, 0)
        {% endif %}
),

-- What a load made of a title: its new line (of several the one that staging takes), or none.
states as (
    select distinct on (changes.tconst, changes.load_id)
        changes.tconst,
        changes.load_id,
        loads.loaded_at,
        changes.is_new as is_rated,
        case when changes.is_new then changes.average_rating end as average_rating,
        case when changes.is_new then changes.num_votes end as num_votes
    from stg_imdb__rating_changes as changes
    inner join loads on changes.load_id = loads.load_id
    order by
        changes.tconst asc,
        changes.load_id asc,
        changes.is_new desc,
        changes.average_rating asc,
        changes.num_votes asc
),

all_states as (
    select * from states
    {% if is_incremental() -%}
        -- The open versions are where the history goes on.
        union all
        select
            tconst,
            valid_from_load_id,
            valid_from,
            true as is_rated,
            average_rating,
            num_votes
        from {{ this }}
        where valid_to is null and tconst in (select states.tconst from states)
    {%- endif %}
),

states_in_order as (
    select
        *,
        lag(is_rated, 1, false) over titles as was_rated,
        lag(average_rating) over titles as average_rating_before,
        lag(num_votes) over titles as num_votes_before
    from all_states
    window titles as (partition by tconst order by load_id)
),

-- A line that says the same in other words (8 and 8.0) is no change.
versions as (
    select
        *,
        lead(load_id) over titles as next_load_id,
        lead(loaded_at) over titles as next_loaded_at,
        lead(is_rated, 1, true) over titles as is_rated_next
    from states_in_order
    where
        (is_rated, average_rating, num_votes)
        is distinct from (was_rated, average_rating_before, num_votes_before)
    window titles as (partition by tconst order by load_id)
),

mart_rating_history as (
    select
        tconst || '-' || load_id as rating_version_id,
        tconst,
        load_id as valid_from_load_id,
        next_load_id as valid_to_load_id,
        average_rating::numeric(3, 1) as average_rating,
        num_votes,
        next_load_id is null as is_current,
        not is_rated_next as is_removed,
        loaded_at as valid_from,
        next_loaded_at as valid_to
    from versions
    where is_rated
)

select * from mart_rating_history
