-- A title of several genres is in the list of each. Ranks are within a type group.
select
    genre,
    genre_rank,
    genre_titles,
    primary_title,
    start_year,
    average_rating,
    num_votes
from mart_title_genre_ranks
where type_group = 'Film' and genre_rank <= 5
order by genre asc, genre_rank asc
