-- What people were known for before.
select
    name,
    known_for_department,
    known_for_titles,
    effective_date,
    expiration_date
from dim_people_history
where
    person_id in (
        select changed.person_id
        from dim_people_history as changed
        where changed.version_number > 1
    )
order by name, version_number
