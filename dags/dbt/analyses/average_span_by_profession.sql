-- Years within life; who only appears, or only in adult titles, has no span.
select
    dominant_role,
    count(*) as people,
    round(avg(career_span_years), 1) as avg_span_years,
    max(career_span_years) as longest_span_years
from mart_person_career
where career_span_years is not null and dominant_role <> 'self'
group by dominant_role
order by avg_span_years desc
