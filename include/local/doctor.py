"""`make doctor`: what is wrong with a machine and an installation, and what to do about it.

It changes nothing and starts nothing. A check that fails hides no other. Passwords are not shown.
"""

from collections import Counter
from collections.abc import Iterator, Mapping

import click

from include.local.checks import answers, contents, installation, machine, warehouse
from include.local.checks.diagnosis import FAIL, OK, WARN, Diagnosis, fail, guarded
from include.local.layout import Layout, LocalError, Secrets
from include.local.warehouse import Warehouse, embedded_warehouse
from warehouse.errors import PipelineError


def doctor(environment: Mapping[str, str], *, full: bool = False) -> int:
    """Print every diagnosis; return 1 where one is a FAIL, else 0. `full` counts all rows."""
    counted: Counter[str] = Counter()
    for diagnosis in examine(environment, full=full):
        counted[diagnosis.level] += 1
        click.echo("\n".join(diagnosis.lines()))
    click.echo(f"\n{counted[OK]} ok, {counted[WARN]} warnings, {counted[FAIL]} failed")
    return 1 if counted[FAIL] else 0


def examine(environment: Mapping[str, str], *, full: bool = False) -> Iterator[Diagnosis]:
    """Yield the diagnoses of all checks, those of the machine first."""
    good = "the pinned packages, installed here"
    yield from guarded("environment", installation.environment, good)
    yield from guarded("memory", machine.memory)
    try:
        layout = Layout.of(environment)
    except LocalError as error:
        yield fail("installation", str(error), "make doctor LOCAL_DIR=<the installation's folder>")
        return
    yield from guarded("disk", lambda: machine.disk(layout))
    if layout.is_installation():
        yield from guarded("sizes", lambda: installation.sizes(layout))
        good = "only the owner can read the passwords"
        yield from guarded("file rights", lambda: installation.rights(layout), good)
        good = "make down knows them all"
        yield from guarded("processes", lambda: installation.orphans(layout), good)
    found = _own(environment)
    if found is None:
        yield from guarded("server", lambda: installation.server(layout))
        found = _embedded(layout)
    if found:
        yield from _warehouse(found, full=full)


def _own(environment: Mapping[str, str]) -> Warehouse | None:
    url = environment.get("WAREHOUSE_URL", "").strip()
    analyst = environment.get("ANALYST_URL", "").strip()
    return Warehouse(url, analyst or url, metadata_url=None, embedded=False) if url else None


def _embedded(layout: Layout) -> Warehouse | None:
    running, secrets = installation.postmaster(layout), Secrets.read(layout)
    return embedded_warehouse(secrets, running.port) if running and secrets else None


def _warehouse(found: Warehouse, *, full: bool) -> Iterator[Diagnosis]:
    yield from guarded("pipeline", lambda: warehouse.reach(found))
    try:
        with warehouse.reading(found.url, full=full) as cursor:
            good = "include/sql is applied, the encoding fits"
            yield from guarded("schema", lambda: warehouse.server(cursor), good)
            yield from guarded("sizes", lambda: warehouse.sizes(cursor, found.metadata_url))
            good = "pipeline is no superuser, the analyst can only read marts and meta"
            yield from guarded("roles", lambda: warehouse.roles(cursor), good)
            how = "counted" if full else "as far as seen; CHECK=full counts"
            good = f"raw tables have the rows of their last load, {how}"
            yield from guarded("ledger", lambda: contents.ledger(cursor, full=full), good)
            good = "bodies are there, nothing fails, all kept to their contracts"
            yield from guarded("answers", lambda: answers.answers(cursor), good)
            yield from guarded("marts", lambda: contents.marts(cursor), "nothing published yet")
            yield from guarded("levels", lambda: contents.service_levels(cursor))
            yield from guarded("last run", lambda: contents.last_runs(cursor), "there was none yet")
    except PipelineError:
        pass  # `reach` has reported it
