"""`make metrics`: the governed metrics, listed, or asked of the live marts as the analyst."""

import contextlib
import json
import os
import shlex
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
import psycopg2
from psycopg2 import errors
from tabulate import tabulate

from include.local.layout import Layout, LocalError, locked, read_json, read_text, write_private
from include.local.project import PROJECT, dbt
from include.local.semantics import (
    Metric,
    MetricQuestionError,
    Question,
    SemanticLayer,
    short,
)
from include.local.warehouse import analyst_of, open_warehouse
from warehouse.builds.project import project_sha256
from warehouse.database.connection import for_dbt

ROWS = 1000
HELP = (
    'Ask with make metrics QUERY="--metrics A,B --group-by C,D", with --order -A,C, --limit 10, '
    "--where 'release_year >= 2000', --start-time 2020-01-01, --end-time 2020-12-31. "
    "--explain shows the SQL."
)


def metrics(layout: Layout, query: str | None, environment: Mapping[str, str] = os.environ) -> int:
    """Answer `query` as a table; without one, list the metrics. Raises LocalError."""
    question, explain = parse(query) if query and query.strip() else (None, False)
    layer = SemanticLayer(semantic_manifest(layout, environment).read_text("utf-8"))
    if question is None:
        click.echo(listing(layer))
        return 0
    try:
        sql = layer.sql(question)
    except MetricQuestionError as error:
        raise LocalError(str(error)) from error
    if explain:
        click.echo(sql)
        return 0
    url = analyst_of(open_warehouse(layout, environment), environment)
    click.echo(answer(url, sql, _sources(layout)))
    return 0


def parse(query: str) -> tuple[Question, bool]:
    """Return the question in the words of `query`, and whether only its SQL is wanted.

    Raises LocalError.
    """
    command = click.Command(
        "QUERY",
        params=[
            click.Option(["--metrics"], multiple=True),
            click.Option(["--group-by"], multiple=True),
            click.Option(["--where"], multiple=True),
            click.Option(["--order"], multiple=True),
            click.Option(["--start-time"], type=click.DateTime()),
            click.Option(["--end-time"], type=click.DateTime()),
            click.Option(["--limit"], type=click.IntRange(min=1), default=ROWS),
            click.Option(["--explain"], is_flag=True),
        ],
        add_help_option=False,
    )
    try:
        given = command.make_context("QUERY", shlex.split(query)).params
    except (click.ClickException, ValueError) as error:
        said = error.format_message() if isinstance(error, click.ClickException) else str(error)
        raise LocalError(f"QUERY={query}: {said} {HELP}") from error
    return Question(
        metrics=_words(given["metrics"]),
        group_by=_words(given["group_by"]),
        where=given["where"],
        order=_words(given["order"]),
        limit=given["limit"],
        start_time=given["start_time"],
        end_time=given["end_time"],
    ), given["explain"]


def semantic_manifest(layout: Layout, environment: Mapping[str, str] = os.environ) -> Path:
    """Return the semantic manifest with the names of what is live; made where dags/dbt changed."""
    layout.make()
    target = layout.dbt / "published"
    path = target / "semantic_manifest.json"
    url = environment.get("WAREHOUSE_URL", "").strip()
    parts = for_dbt(url) if url else {}
    stamp = target / "stamp"
    code = [project_sha256(folder) for folder in (PROJECT, PROJECT / "models" / "semantic")]
    wanted = json.dumps([*code, parts.get("WAREHOUSE_DATABASE")])
    with locked(target / ".lock"):
        if not path.exists() or read_text(stamp) != wanted:
            click.echo("reading the metrics of dags/dbt ...", err=True)
            stamp.unlink(missing_ok=True)
            names = {**environment, **parts}
            log = layout.logs / "dbt-metrics.log"
            dbt(["parse"], target, names, log, profile_target="published")
            write_private(stamp, wanted)
    return path


def listing(layer: SemanticLayer) -> str:
    """Return all metrics, by the marts that they are made of."""
    by_marts: dict[str, list[Metric]] = {}
    for metric in layer.metrics.values():
        by_marts.setdefault(", ".join(layer.tables(metric.name)), []).append(metric)
    parts = []
    for marts, found in by_marts.items():
        parts.append(click.style(f"of {marts}", bold=True))
        same: dict[tuple[str, ...], list[Metric]] = {}
        for metric in found:
            same.setdefault(tuple(short(layer.group_bys([metric.name]))), []).append(metric)
        for dimensions, members in same.items():
            parts += [_described(metric) for metric in members]
            parts.append(_wrapped("group by: " + ", ".join(dimensions), "  "))
            parts.append(f'  example: make metrics QUERY="{members[0].example}"\n')
    return "\n".join([*parts, HELP])


def answer(url: str, sql: str, sources: Mapping[str, str]) -> str:
    """Return the rows of `sql` as a table. `sources` has the source of each mart.

    Raises LocalError where the marts are not there or the warehouse refuses.
    """
    try:
        with contextlib.closing(psycopg2.connect(url, connect_timeout=10)) as session:
            session.set_session(readonly=True, autocommit=False)
            with session.cursor() as cursor:
                cursor.execute(sql)
                names = [column.name for column in cursor.description or ()]
                rows = cursor.fetchall()
    except (errors.UndefinedTable, errors.InvalidSchemaName) as error:
        raise LocalError(_not_published(str(error), sources)) from error
    except psycopg2.Error as error:
        raise LocalError(f"The warehouse refused the question: {str(error).strip()}") from error
    shown = [[_shown(value) for value in row] for row in rows]
    align = ["right" if _is_number(rows, place) else "left" for place in range(len(names))]
    table = tabulate(shown, names, tablefmt="presto", disable_numparse=True, colalign=align)
    return f"{table}\n({len(rows)} {'row' if len(rows) == 1 else 'rows'})"


def _not_published(said: str, sources: Mapping[str, str]) -> str:
    missing = next((mart for mart in sources if f'marts.{mart}"' in said), "")
    source = sources.get(missing, "imdb")
    return (
        f"The mart {missing or said.strip()} is not live: no run of the pipeline {source} has "
        f"published it so far. make run PIPELINES={source} publishes it."
    )


def _sources(layout: Layout) -> dict[str, str]:
    """Return the source of each mart, the longest name first."""
    nodes = read_json(layout.dbt / "published" / "manifest.json").get("nodes", {}).values()
    marts = [node for node in nodes if node["schema"] == "marts"]
    found = {node["name"]: str(node["config"]["meta"].get("source")) for node in marts}
    return dict(sorted(found.items(), key=lambda entry: -len(entry[0])))


def _words(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(word.strip() for text in given for word in text.split(",") if word.strip())


def _described(metric: Metric) -> str:
    return _wrapped(f"{metric.name}: {metric.description}", "    ")


def _wrapped(text: str, indent: str) -> str:
    return textwrap.fill(text, 100, initial_indent="  ", subsequent_indent=indent + "  ")


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, Decimal) and int(value.as_tuple().exponent) < -6:
        return f"{value:.4f}"
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return str(value)


def _is_number(rows: Sequence[Sequence[Any]], place: int) -> bool:
    kinds = {type(row[place]) for row in rows} - {type(None)}
    return bool(kinds) and kinds <= {int, float, Decimal}
