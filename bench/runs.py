"""Runs of the DAG by `make run`, on the installation of the benchmark."""

import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from bench.files import SampleFiles
from bench.workspace import Workspace
from include.local.layout import LocalError

# The time of dbt: from the start of the build to the end of its last model or test.
_TIMES = """
    select
        extract(epoch from finished_at - started_at)::float,
        extract(epoch from (
            select greatest(max(model_log.finished_at), max(test_log.finished_at)) - min(began_at)
            from meta.build_log
            left join meta.model_log using (build_id)
            left join meta.test_log using (build_id)
            where build_log.run_id = run_log.run_id and build_log.dag_id = run_log.dag_id
        ))::float
    from meta.run_log
    order by finished_at desc
    limit 1
"""


_WRITTEN = """
    select
        case when schemaname like 'marts%%' then 'marts' else schemaname end,
        sum(n_tup_ins + n_tup_upd + n_tup_del)::bigint
    from pg_stat_user_tables
    where schemaname in ('staging', 'intermediate', 'snapshots')
        or schemaname like 'marts%%'
        or (schemaname = 'raw' and relname = any(%s))
    group by 1
"""


@dataclass(frozen=True)
class MadeRun:
    """One green run, in seconds: of `make run`, of the DAG, of dbt (None if it was skipped)."""

    whole: float
    dag: float
    dbt: float | None


def make_run(space: Workspace, files: SampleFiles, **variables: str) -> MadeRun:
    """Run `make run` over `files`; raise LocalError if it is not green."""
    return run_with(space, SOURCE=str(files.folder), SOURCE_NAME="bench", **variables)


def run_with(space: Workspace, **variables: str) -> MadeRun:
    """Run `make run` with these variables; raise LocalError if it is not green."""
    log = space.layout.logs / "make-run.log"
    began = time.monotonic()
    process = space.make("run", log, **variables)
    if process.wait() != 0:
        raise LocalError(f"make run failed:\n{log.read_text('utf-8', 'replace')[-3000:]}")
    whole = time.monotonic() - began
    with closing(space.admin()) as session, session.cursor() as cursor:
        cursor.execute(_TIMES)
        dag, dbt = cursor.fetchone() or (0.0, None)
    return MadeRun(whole, dag, dbt)


def written(space: Workspace, tables: Sequence[str]) -> dict[str, int]:
    """Return the rows written so far, by schema: of `tables` in raw, and of all models."""
    space.main()
    with closing(space.admin()) as session, session.cursor() as cursor:
        cursor.execute(_WRITTEN, (list(tables),))
        return {str(schema): int(count) for schema, count in cursor.fetchall()}
