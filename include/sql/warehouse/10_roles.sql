-- The two roles of the warehouse. Passwords are set by the owner of the installation (the embedded
-- launcher, the compose file's init script), never here.
do $$
begin
    if not exists (select from pg_roles where rolname = 'pipeline') then
        create role pipeline login nosuperuser nocreaterole noinherit;
    end if;
    if not exists (select from pg_roles where rolname = 'analyst') then
        create role analyst login nosuperuser nocreaterole nocreatedb noinherit;
    end if;
end
$$;

-- The analyst's names resolve unqualified; unless they ask for more, no query of theirs runs for ever
-- and no forgotten transaction holds a table that a build wants to replace.
alter role analyst set search_path = marts, meta, public;
alter role analyst set statement_timeout = '60s';
alter role analyst set idle_in_transaction_session_timeout = '5min';
alter role analyst set default_transaction_read_only = on;

-- A task that waits for the server cannot be ended by Airflow's timeout: no statement takes longer than
-- the longest timeout of a task.
alter role pipeline set statement_timeout = '3h';

-- What a killed process was doing ends within a second, and with it the locks that it held. A server
-- that cannot look (on Windows) notices at the end of the statement.
do $$
begin
    alter role pipeline set client_connection_check_interval = '1s';
exception when invalid_parameter_value then
    raise notice 'client_connection_check_interval cannot be set here';
end
$$;
