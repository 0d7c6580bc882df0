-- Views that an earlier version of the dbt project made and no model makes any more.
drop view if exists intermediate.int_person_filmography;
drop view if exists intermediate.int_title_with_genres;
drop view if exists intermediate.int_title_complete;
