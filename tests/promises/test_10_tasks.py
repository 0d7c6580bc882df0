"""It says what is wrong, in a real Airflow: from the failing task to the summary and the webhook,
also where the warehouse is down at the end."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.postgres import PASSWORD, Cluster
from tests.support.source import Answer, running_source
from tests.support.webhook import TOKEN, running_webhook

ROOT = Path(__file__).parents[2]
FAILING = ROOT / "tests" / "support" / "failing"

# Twice: with the warehouse there, then with no server at its port.
SCRIPT = f"""
import os
from airflow.dag_processing.dagbag import DagBag

dag = DagBag({str(FAILING / "failing_dag.py")!r}).dags["failing"]
dag.test()
print("=== the warehouse is down")
os.environ["AIRFLOW_CONN_WAREHOUSE"] = "postgresql://pipeline:{PASSWORD}@127.0.0.1:1/warehouse"
dag.test()
"""


@dataclass(frozen=True)
class Seen:
    """What two runs left: their logs, what the webhook got, the summaries, Airflow's metadata."""

    up: str
    down: str
    alerts: tuple[dict[str, Any], ...]
    summaries: list[dict[str, Any]]
    metadata: Path


@pytest.fixture(scope="module")
def seen(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """The DAG was run twice by Airflow."""
    home = tmp_path_factory.mktemp("airflow")
    with postgres.database() as database, running_source() as source, running_webhook() as webhook:
        source.always(Answer(404, b"gone"))
        environment = {
            **{name: value for name, value in os.environ.items() if "WAREHOUSE" not in name},
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(FAILING),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
            "AIRFLOW_CONN_WAREHOUSE": database.url,
            "DO_NOT_TRACK": "1",
            "IMDB_BASE_URL": source.url,
            "IMDB_SOURCE_NAME": "files",
            "IMDB_DATA_DIR": str(home / "data"),
            "PYTHONPATH": os.pathsep.join((str(ROOT / "dags"), str(ROOT))),
            "WAREHOUSE_ALERT_URL": webhook.url,
        }
        airflow = str(Path(sys.executable).with_name("airflow"))
        for command in ([airflow, "db", "migrate"], [sys.executable, "-c", SCRIPT]):
            done = subprocess.run(
                command,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stdout
        up, down = done.stdout.split("=== the warehouse is down")
        rows = database.query("select summary from meta.run_log")
        yield Seen(up, down, webhook.taken(), [row for (row,) in rows], home / "airflow.db")


MESSAGES = {
    "bug": "KeyError: 'tconst'",
    "download.title_crew": "title.crew.tsv.gz: answered 404",
    "late": "late: try 2",
    "leak": "RuntimeError: ",
    "silent": "It ended without a message",
    "slow": "AirflowTaskTimeout: ",
}


@pytest.mark.parametrize("task", MESSAGES)
def test_each_failed_task_has_its_message_in_the_summary(seen: Seen, task: str) -> None:
    (summary,) = seen.summaries
    errors = {error["task"]: error["message"] for error in summary["errors"]}
    assert MESSAGES[task] in errors[task]
    assert "\n" not in errors[task]
    assert errors.keys() == MESSAGES.keys()


def test_a_fault_that_passed_is_no_error(seen: Seen) -> None:
    assert "mended: try 1" in seen.up
    assert all("mended" not in str(body["failed"]) for body in seen.alerts)


def test_the_messages_are_in_the_log_of_the_report(seen: Seen) -> None:
    (summary,) = seen.summaries
    for error in summary["errors"]:
        assert f"{error['task']} FAILED: {error['message']}" in seen.up


def test_each_failed_run_is_sent_once(seen: Seen) -> None:
    assert len(seen.alerts) == 2
    assert len({alert["run_id"] for alert in seen.alerts}) == 2


def test_the_webhook_gets_what_the_summary_says(seen: Seen) -> None:
    (summary,), alert = seen.summaries, seen.alerts[0]
    assert alert["failed"] == summary["errors"]
    for key in ("run_id", "state", "published", "started_at", "finished_at"):
        assert alert[key] == summary[key]
    assert alert["dag_id"] == "failing"


def test_it_is_sent_where_the_warehouse_is_down_too(seen: Seen) -> None:
    """By then the report was tried twice, and wrote nothing."""
    alert = seen.alerts[1]
    failed = {error["task"]: error["message"] for error in alert["failed"]}
    assert failed.pop("report").startswith("report: the warehouse is not available")
    assert failed.keys() == MESSAGES.keys()
    for task, words in MESSAGES.items():
        assert words in failed[task]
    assert alert["published"] is False
    assert alert["started_at"] < alert["finished_at"]
    assert seen.down.count("report: the warehouse is not available") >= 2
    assert len(seen.summaries) == 1


def test_no_message_holds_the_password_or_the_address_of_the_webhook(seen: Seen) -> None:
    for content in (*seen.alerts, *seen.summaries):
        assert PASSWORD not in str(content)
        assert TOKEN not in str(content)
    with closing(sqlite3.connect(seen.metadata)) as metadata:
        left = metadata.execute("select key, value from xcom").fetchall()
    assert {key for key, _ in left} >= {"error", "summary"}
    assert PASSWORD not in str(left)
    assert TOKEN not in str(left)
