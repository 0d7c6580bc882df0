-- Views that an earlier version of the dbt project made and no model makes any more.
drop view if exists intermediate.int_person_filmography;
drop view if exists intermediate.int_title_with_genres;
drop view if exists intermediate.int_title_complete;
-- Seeds of an earlier version: dbt keeps the table of a seed and fills it again, with the columns that it has.
alter table if exists staging.label_thresholds add column if not exists upper_bound numeric;
alter table if exists staging.title_types drop column if exists prior_votes;
