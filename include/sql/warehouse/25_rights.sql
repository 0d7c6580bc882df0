-- What Postgres gives to everybody and the analyst must not have, and what bounds the analyst where a
-- session cannot ask for more. Applied again, it puts back what was changed.
alter role analyst connection limit 20;

do $$
declare
    own_setting text;
    builtin regprocedure;
begin
    if current_user = 'pipeline' then
        raise exception 'the owner of the server applies this, not the role pipeline';
    end if;
    alter role pipeline nosuperuser nocreaterole nocreatedb noreplication nobypassrls;
    alter role analyst nosuperuser nocreaterole nocreatedb noreplication nobypassrls;

    -- A role may change its own settings, for itself or for itself in one database, which wins.
    foreach own_setting in array array[
        'search_path', 'statement_timeout', 'idle_in_transaction_session_timeout',
        'idle_session_timeout', 'default_transaction_read_only', 'temp_file_limit',
        'transaction_timeout'
    ] loop
        if exists (select from pg_settings where name = own_setting) then
            execute format(
                'alter role analyst in database %I reset %I', current_database(), own_setting
            );
        end if;
    end loop;
    -- Shorter than a publish waits for readers. Postgres has it since 17.
    if exists (select from pg_settings where name = 'transaction_timeout') then
        alter role analyst set transaction_timeout = '5min';
    end if;

    for builtin in
        select oid from pg_proc
        where pronamespace = 'pg_catalog'::regnamespace
            and (
                -- The pipeline's locks are names that anybody could hold. Letting go stays allowed:
                -- some clients do it at every return to their pool.
                proname ~ '^pg_(try_)?advisory_(xact_)?lock'
                -- Large objects need no schema to be written in, and messages go to the WAL.
                or proname in ('lo_creat', 'lo_create', 'lo_from_bytea', 'pg_logical_emit_message')
            )
            and has_function_privilege('public', oid, 'execute')
    loop
        execute format('revoke execute on function %s from public', builtin);
    end loop;
    for builtin in
        select oid from pg_proc
        where pronamespace = 'pg_catalog'::regnamespace
            and proname ~ '^pg_(try_)?advisory_(xact_)?lock'
            and not has_function_privilege('pipeline', oid, 'execute')
    loop
        execute format('grant execute on function %s to pipeline', builtin);
    end loop;
end
$$;

-- Only a superuser can raise this one: the room that each process of a query takes on the disk.
alter role analyst set temp_file_limit = '10GB';
alter role analyst set idle_session_timeout = '4h';
