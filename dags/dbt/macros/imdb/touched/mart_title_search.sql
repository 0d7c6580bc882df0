{#- Titles whose own lines, names or ratings changed. -#}
{% macro touched_by_mart_title_search() -%}
    {%- set of_title = [
        'tconst', 'title_type', 'primary_title', 'original_title', 'start_year', 'is_adult'
    ] %}
    {%- set of_aka = ['title_id', 'ordering', 'title', 'region', 'language'] %}
    {%- set of_rating = ['tconst', 'average_rating', 'num_votes'] %}
    select tconst from {{ net_changes('title.basics', of_title) }} as titles where tconst <> ''
    union
    select title_id from {{ net_changes('title.akas', of_aka) }} as akas where title_id <> ''
    union
    select tconst from {{ net_changes('title.ratings', of_rating) }} as ratings where tconst <> ''
{%- endmacro %}

{#-
    Names that came are in the list of pending entries of the trigram index, which every search reads
    from end to end: they move into the index itself.
-#}
{% macro tidy_search_index() %}
select gin_clean_pending_list(indexrelid)
from pg_index
inner join pg_class on pg_class.oid = pg_index.indexrelid
inner join pg_am on pg_am.oid = pg_class.relam
where pg_index.indrelid = '{{ this }}'::regclass and pg_am.amname = 'gin'
{% endmacro %}
