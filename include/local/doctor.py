"""`make doctor`: what is wrong with a machine and an installation, and what to do about it.

It changes nothing and starts nothing: what is down is a finding. Every check is guarded, so that
one that breaks hides no other. Passwords are never shown; nor are queries, which may hold some.
"""

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from psycopg2.extensions import cursor as Cursor

from include.local.checks import (
    files,
    installation,
    ledger,
    machine,
    marts,
    processes,
    roles,
    runs,
    sessions,
    warehouse,
)
from include.local.checks.finding import FAIL, OK, WARN, Finding, fail, guarded
from include.local.checks.place import Place, reading
from include.local.layout import Layout, LocalError
from include.local.options import layout_of
from include.local.run import say
from warehouse.errors import PipelineError

Check = Callable[[], Iterable[Finding]]
_DEPTHS = ("", "quick", "full")


def doctor(environment: Mapping[str, str] = os.environ) -> int:
    """Print every finding; return 1 where one is a FAIL, else 0. Raises LocalError for CHECK."""
    depth = environment.get("CHECK", "").strip()
    if depth not in _DEPTHS:
        raise LocalError(f"CHECK={depth}: quick (the default) or full is needed.")
    # What the pipeline logs of a doubtful cache entry is a finding here.
    logging.getLogger("imdb_pipeline").addHandler(logging.NullHandler())
    counted: Counter[str] = Counter()
    for finding in examine(environment, full=depth == "full"):
        counted[finding.level] += 1
        for line in finding.lines():
            say(line)
    say(f"\n{counted[OK]} ok, {counted[WARN]} to see to, {counted[FAIL]} failed")
    return 1 if counted[FAIL] else 0


def examine(environment: Mapping[str, str], *, full: bool = False) -> Iterator[Finding]:
    """Yield the findings of all checks, those of the machine first."""
    embedded = not environment.get("WAREHOUSE_URL", "").strip()
    yield from guarded("python", machine.python)
    yield from guarded("memory", machine.memory)
    if embedded:
        yield from guarded("postgres", machine.programs)
    try:
        layout = layout_of(environment)
    except LocalError as error:
        yield fail("installation", str(error), "make doctor LOCAL_DIR=<the installation's folder>")
        return
    place = Place(layout, environment, full)
    database = (place.data.parent if place.data else layout.postgres) if embedded else None
    yield from guarded("disk", lambda: machine.disk(layout, database))
    yield from _installation(place, layout)
    yield from _warehouse(place)


def _installation(place: Place, layout: Layout) -> Iterator[Finding]:
    yield from guarded("installation", lambda: installation.folder(layout))
    if layout.is_installation():
        checks: dict[str, Check] = {
            "file rights": lambda: installation.rights(layout),
            "work.lock": lambda: processes.work_lock(place),
            "processes": lambda: processes.recorded(place),
            "orphans": lambda: processes.orphans(place),
            "ports": lambda: installation.ports(place),
            "parts": lambda: files.parts(place),
            "cache": lambda: files.cache(place),
        }
        for subject, check in checks.items():
            yield from guarded(subject, check)


def _warehouse(place: Place) -> Iterator[Finding]:
    if place.embedded:
        yield from guarded("server", lambda: processes.server(place))
        if place.server() is None:
            return
    yield from guarded("pipeline", lambda: warehouse.reach(place))
    url = place.url("postgres")
    if url is None:
        return  # the secrets are missing, which was said
    try:
        with reading(url, full=place.full) as cursor:
            yield from inside(cursor, place)
    except PipelineError as error:
        if place.embedded:
            yield fail("server", str(error), "make down, make run; else look at the server's log.")


def inside(cursor: Cursor, place: Place) -> Iterator[Finding]:
    """Yield the findings of the checks that look into the warehouse."""
    checks: dict[str, Check] = {
        "version": lambda: warehouse.server(cursor),
        "settings": lambda: warehouse.settings(cursor, place.environment),
        "schema": lambda: warehouse.schema(cursor, place),
        "roles": lambda: roles.roles(cursor),
        "ledger": lambda: ledger.rows(cursor, full=place.full),
        "leftovers": lambda: ledger.leftovers(cursor),
        "changes": lambda: ledger.changes(cursor),
        "marts": lambda: marts.marts(cursor),
        "marks": lambda: marts.marks(cursor),
        "locks": lambda: sessions.locks(cursor),
        "transactions": lambda: sessions.forgotten(cursor),
        "queries": lambda: sessions.queries(cursor),
        "last run": lambda: runs.last_run(cursor),
    }
    for subject, check in checks.items():
        yield from guarded(subject, check)
