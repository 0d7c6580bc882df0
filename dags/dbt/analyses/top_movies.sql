-- As an analyst types it; the role's search_path finds the mart.
select
    primary_title,
    average_rating,
    num_votes,
    weighted_score,
    performance_tier
from mart_top_titles
where title_type = 'movie' and num_votes >= 10000 and not is_adult
order by weighted_score desc
limit 20
