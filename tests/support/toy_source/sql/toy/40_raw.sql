set role pipeline;
create table if not exists raw.toy_things (id text, label text);
select meta.make_change_table('toy_things');
reset role;
