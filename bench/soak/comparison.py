"""What the soak checks: the warehouse against a clean build, and what a run must not leave."""

import time
from collections import Counter

from psycopg2 import sql

from bench.soak.installation import SoakInstallation

_LAYERS = ["raw", "staging", "intermediate", "marts"]
# These depend on every load; a clean build has one load only.
_HISTORIES = frozenset({"mart_rating_history", "mart_rating_movers", "high_water_mark"})
# Of this mart, the rows of the newest loads are equal.
_QUALITY = "mart_load_quality"
_NEWEST = "select dataset, measure, column_name, value from {} where is_newest"
_SHOWN = 3
_SESSIONS = """
    select application_name from pg_stat_activity
    where backend_type = 'client backend' and pid <> pg_backend_pid()
"""
_TEMPORARY_TABLES = """
    select nspname || '.' || relname
    from pg_class inner join pg_namespace on pg_namespace.oid = relnamespace
    where relkind in ('r', 'v', 'm') and nspname !~ '^pg_' and nspname <> 'quality' and (
        relname like '%\\_\\_%' or nspname like '%\\_\\_swap'
    )
"""


def compare(daily: SoakInstallation, clean: SoakInstallation) -> tuple[int, int, list[str]]:
    """Return the number of compared tables and of their rows, and the differences in words."""
    mine, other = _tables(daily), _tables(clean)
    found = [f"{name} is in one of the two only" for name in sorted(mine ^ other)]
    count = 0
    for name in sorted(mine & other):
        here, there = _rows(daily, name), _rows(clean, name)
        count += here.total()
        extra, missing = sorted((here - there).elements()), sorted((there - here).elements())
        if extra or missing:
            found.append(
                f"{name}: {len(extra)} rows more, {len(missing)} rows fewer than the clean build, "
                f"e.g. {extra[:_SHOWN]} and {missing[:_SHOWN]}"
            )
    return len(mine & other), count, found


def _tables(installation: SoakInstallation) -> set[str]:
    found = installation.rows(
        "select schemaname, tablename from pg_tables where schemaname = any (%s) "
        "union all select schemaname, viewname from pg_views where schemaname = any (%s)",
        _LAYERS,
        _LAYERS,
    )
    return {
        f"{schema}.{name}"
        for schema, name in found
        if name not in _HISTORIES and not name.endswith("_changes")
    }


def _rows(installation: SoakInstallation, name: str) -> Counter[str]:
    query = f"({_NEWEST})" if name.endswith(f".{_QUALITY}") else "{}"
    statement = sql.SQL(f"select row_to_json(each)::text from {query} as each")
    rows = installation.rows(statement.format(sql.Identifier(*name.split("."))))
    return Counter(str(row) for (row,) in rows)


def leftovers(installation: SoakInstallation) -> list[str]:
    """Return, in words, the sessions, processes, locks and tables that a run left."""
    end = time.monotonic() + 30  # the server notices a killed client a moment later
    while True:
        found = [f"session {name or '?'}" for (name,) in installation.rows(_SESSIONS)]
        found += [f"process {process.pid}" for process in installation.family()]
        if not found or time.monotonic() > end:
            break
        time.sleep(0.2)
    found += [f"table {name}" for (name,) in installation.rows(_TEMPORARY_TABLES)]
    locks = installation.rows("select count(*) from pg_locks where locktype = 'advisory'")[0][0]
    return [*found, f"{locks} advisory locks"] if locks else found
