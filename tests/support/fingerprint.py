"""What a warehouse and a data folder hold, in short: equal where everything is the same."""

import hashlib
import re
from pathlib import Path

from tests.support.postgres import Database

# Times and ids of one execution; what an id is counts by its place among the others.
_OF_THE_MOMENT = ("seconds", "invocation_id", "pid")
_TIMES = ("timestamp with time zone",)
_COLUMNS = """
    select
        relnamespace::regnamespace::text, relname, relkind::text,
        array_agg(attname::text order by attnum),
        array_agg(format_type(atttypid, atttypmod) order by attnum)
    from pg_class
    inner join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
    where
        relkind in ('r', 'v', 'm')
        and relnamespace::regnamespace::text !~ '^(pg_|information_schema)'
    group by relnamespace, relname, relkind
"""
_INDEXES = """
    select
        indrelid::regclass::text, indisprimary, indisunique,
        regexp_replace(pg_get_indexdef(indexrelid), '.* USING ', '')
    from pg_index
    inner join pg_class on pg_class.oid = indrelid
    where relnamespace::regnamespace::text !~ '^pg_' order by 1, 2, 3, 4
"""
_OTHERS = """
    select count(*) from pg_stat_activity
    where
        datname = current_database()
        and backend_type = 'client backend'
        and pid <> pg_backend_pid()
        and pg_sleep(0.01) is not null
"""


def fingerprint(database: Database, *, without: tuple[str, ...] = ()) -> dict[str, str]:
    """A hash of the rows of every table and view, by name, and what indexes there are.

    A load_id counts as the number of its load in the ledger, since ids skip where something was
    broken off. Times in meta are left out, and the tables `without`.
    """
    found = {}
    with database.session("postgres") as connection, connection.cursor() as cursor:
        cursor.execute(_COLUMNS)
        for schema, name, kind, columns, types in cursor.fetchall():
            if f"{schema}.{name}" in without:
                continue
            values = [
                _value(schema, column)
                for column, type_ in zip(columns, types, strict=True)
                if column not in _OF_THE_MOMENT and not (schema == "meta" and type_ in _TIMES)
            ]
            cursor.execute(
                f"select md5(coalesce(string_agg(line, chr(10) order by line), '')) from "
                f"(select concat_ws(chr(9), {', '.join(values)}) as line "
                f'from "{schema}"."{name}" as each) as lines'
            )
            layout = " ".join(
                f"{column} {type_}" for column, type_ in zip(columns, types, strict=True)
            )
            ((rows,),) = cursor.fetchall()
            found[f"{schema}.{name} ({kind})"] = f"{rows} {layout}"
        cursor.execute(_INDEXES)
        found["indexes"] = str(cursor.fetchall())
    return found


def _value(schema: str, column: str) -> str:
    if column == "load_id":
        rank = "(select count(*) from meta.load_log as known where known.load_id <= each.load_id)"
        return f"coalesce({rank}::text, '-')"
    if schema == "meta" and column.endswith("_id") and column != "run_id":
        return f'(dense_rank() over (order by each."{column}"))::text'
    return f"coalesce(quote_literal(each.\"{column}\"), 'null')"


_ON_THE_DISK = re.compile(rb'(mtime_ns|inode)\\*": \d+')


def files(folder: Path) -> dict[str, str]:
    """A hash of every file in a folder, by name; where on the disk files are does not count."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(
            _ON_THE_DISK.sub(b"", path.read_bytes())
        ).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def wait_until_alone(database: Database, *, looks: int = 1000) -> None:
    """Wait until the server has noticed that the other sessions on the database are gone."""
    for _ in range(looks):
        if database.value(_OTHERS) == 0:
            return
    raise AssertionError(f"sessions stay: {database.query('select * from pg_stat_activity')}")


def left_behind(database: Database) -> list[str]:
    """Locks (not those of autovacuum), temporary tables and half-made tables that are there."""
    rows = database.query(
        """
        select 'lock ' || locktype || ' ' || mode from pg_locks
        where
            pid <> pg_backend_pid()
            and database = (select oid from pg_database where datname = current_database())
            and pid not in (
                select pid from pg_stat_activity where backend_type <> 'client backend'
            )
        union all
        select 'table ' || oid::regclass from pg_class
        where
            relkind = 'r'
            and (relpersistence = 't' or relname ~ '(__new|__dbt_tmp|__dbt_backup)$')
        union all
        select 'schema ' || nspname from pg_namespace where nspname ~ '^marts__'
        """
    )
    return [str(row[0]) for row in rows]
