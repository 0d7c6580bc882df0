-- For change tables of an earlier version, which took the ratings of two origins for one history: the
-- load that begins the current history gets every line of its file. What is older stays as it is.
set role pipeline;

do $$
declare
    beginning bigint;
begin
    select max(load_id) into beginning
    from meta.load_log
    where source = 'imdb' and dataset = 'title.ratings' and history_begins;
    if not exists (
        select from raw.imdb_title_ratings_changes
        where load_id = beginning and change <> 'inserted'
    ) then
        return;
    end if;
    create temporary table first_lines on commit drop as
    select tconst, average_rating, num_votes
    from (
        select distinct on (tconst) tconst, average_rating, num_votes, is_new
        from raw.imdb_title_ratings_changes
        where load_id <= beginning
        order by tconst, load_id desc, is_new desc
    ) as last_lines
    where is_new;
    delete from raw.imdb_title_ratings_changes where load_id = beginning;
    insert into raw.imdb_title_ratings_changes
    select beginning, 'inserted', true, tconst, average_rating, num_votes from first_lines;
    -- What processed the older loads cannot process this one by its changes.
    update meta.load_log set changes_kept = false where load_id = beginning;
end
$$;

reset role;
