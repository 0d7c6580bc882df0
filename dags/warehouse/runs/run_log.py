"""What a run did: the figures of dbt's log tables, and the run's own row in `meta.run_log`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from warehouse.runs.messages import LONGEST, TaskError, one_line


@dataclass(frozen=True, slots=True)
class FailingTest:
    """A data test that warned or failed: `failures` rows, kept in `failures_table`.

    `examples` are the first of them in words, where the test gives its rows a column `finding`.
    """

    test: str
    model: str | None
    failures: int | None
    failures_table: str | None
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DbtFigures:
    """What dbt did in a run: models built, `seconds` summed over models, tests by outcome."""

    status: str
    models: int = 0
    seconds: float = 0.0
    tests: Mapping[str, int] = field(default_factory=lambda: {"pass": 0, "warn": 0, "fail": 0})
    warnings: tuple[FailingTest, ...] = ()
    failures: tuple[FailingTest, ...] = ()


def dbt_figures(cursor: Cursor, build_id: int | None, *, status: str) -> DbtFigures:
    """Read what the models and tests of a build gave; the last execution of each counts.

    `build_id` is None for a run that built nothing.
    """
    cursor.execute(
        """
        select count(distinct model), coalesce(sum(seconds), 0)
        from meta.model_log
        where build_id = %s and resource_type = 'model' and status = 'success'
        """,
        (build_id,),
    )
    models, seconds = cursor.fetchone() or (0, 0.0)
    cursor.execute(
        """
        select distinct on (test) test, model, status, failures, failures_table
        from meta.test_log
        where build_id = %s and status <> 'skipped'
        order by test, test_log_id desc
        """,
        (build_id,),
    )
    outcomes = cursor.fetchall()
    found = {
        kind: tuple(
            FailingTest(test, model, failures, table, _examples(cursor, table))
            for test, model, outcome, failures, table in outcomes
            if outcome in statuses
        )
        for kind, statuses in (("warn", {"warn"}), ("fail", {"fail", "error"}))
    }
    bad = len(found["warn"]) + len(found["fail"])
    return DbtFigures(
        status=status,
        models=models,
        seconds=float(seconds),
        tests={
            "pass": len(outcomes) - bad,
            "warn": len(found["warn"]),
            "fail": len(found["fail"]),
        },
        warnings=found["warn"],
        failures=found["fail"],
    )


def dbt_errors(cursor: Cursor, build_id: int | None) -> dict[str, str]:
    """Return why dbt failed in a build, by the model (or seed) whose task it was.

    A test belongs to the model that it is attached to. In an invocation of a single model all tests
    belong to it, because the task of that model ran them. The last invocation of each counts.
    """
    cursor.execute(
        """
        with last as (
            select distinct on (model) model, invocation_id, status, message
            from meta.model_log
            where build_id = %(build_id)s
            order by model, model_log_id desc
        ),

        invocations as (
            select invocation_id, count(distinct model) as models
            from meta.model_log
            where build_id = %(build_id)s
            group by invocation_id
        )

        select model, 0 as place, 'model ' || model || ': ' || coalesce(message, status) as said
        from last
        where status = 'error'
        union all
        select
            last.model, test_log.test_log_id,
            'test ' || test_log.test || ': '
            || coalesce(test_log.message, test_log.status)
        from last
        inner join invocations using (invocation_id)
        inner join meta.test_log
            on last.invocation_id = test_log.invocation_id
            and (last.model = test_log.model or invocations.models = 1)
        where test_log.build_id = %(build_id)s and test_log.status in ('fail', 'error')
        order by model, place
        """,
        {"build_id": build_id},
    )
    said: dict[str, list[str]] = {}
    for model, _, text in cursor.fetchall():
        said.setdefault(model, []).append(text)
    return {model: _joined(texts) for model, texts in said.items()}


def _joined(texts: Sequence[str]) -> str:
    """As many of the texts as one message holds, whole: each ends with the table of its rows."""
    text = one_line(texts[0])
    for place, more in enumerate(texts[1:], 1):
        longer = f"{text}; {one_line(more)}"
        if len(longer) > LONGEST - 60:
            return one_line(f"{text}; and {len(texts) - place} more, see meta.test_log")
        text = longer
    return text


def _examples(cursor: Cursor, table: str | None, *, most: int = 3) -> tuple[str, ...]:
    """The first findings of a table of failing rows; none of a table that has no such column."""
    cursor.execute(
        """
        select exists (
            select from pg_attribute
            where attrelid = to_regclass(%s) and attname = 'finding' and not attisdropped
        )
        """,
        (table,),
    )
    if table is None or cursor.fetchone() != (True,):
        return ()
    cursor.execute(
        sql.SQL("select finding from {} order by finding limit {}").format(
            sql.Identifier(*table.split(".", 1)), sql.Literal(most)
        )
    )
    return tuple(str(finding) for (finding,) in cursor.fetchall())


@dataclass(frozen=True, slots=True)
class RunSummary:
    """The report of one run. `datasets` holds one mapping of figures per dataset, `errors` one
    message per failed task, `stale` what others made over the marts before and was left there,
    `figures` what the source's own tasks counted in the marts, by name and group."""

    dag_id: str
    run_id: str
    state: str
    started_at: datetime
    finished_at: datetime
    datasets: tuple[Mapping[str, object], ...]
    dbt: DbtFigures
    published: bool
    failed_tasks: tuple[str, ...]
    errors: tuple[TaskError, ...] = ()
    stale: tuple[str, ...] = ()
    figures: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Wall time of the run in seconds."""
        return (self.finished_at - self.started_at).total_seconds()

    def as_json(self) -> dict[str, Any]:
        """Return the summary as `meta.run_log.summary` and the Asset's extra hold it."""
        content = asdict(self) | {"seconds": round(self.seconds, 3)}
        content["started_at"] = self.started_at.isoformat()
        content["finished_at"] = self.finished_at.isoformat()
        return content


def record_run(cursor: Cursor, summary: RunSummary) -> None:
    """Write the run's row; a run that is reported again replaces its row."""
    cursor.execute(
        """
        insert into meta.run_log (dag_id, run_id, state, started_at, finished_at, summary)
        values (%s, %s, %s, %s, %s, %s)
        on conflict (dag_id, run_id) do update set
            state = excluded.state,
            started_at = excluded.started_at,
            finished_at = excluded.finished_at,
            summary = excluded.summary
        """,
        (
            summary.dag_id,
            summary.run_id,
            summary.state,
            summary.started_at,
            summary.finished_at,
            json.dumps(summary.as_json()),
        ),
    )
