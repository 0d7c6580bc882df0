-- Adult titles count in no figure of a person.
select
    person_name,
    total_credits,
    career_span_years,
    avg_project_rating,
    dominant_role,
    versatility_level,
    quality_reputation
from mart_person_career
where versatility_level = 'Multi-Talented' and avg_project_rating >= 7.0
order by total_credits desc
limit 20
