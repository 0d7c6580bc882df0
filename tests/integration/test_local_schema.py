"""`make schema` and `make psql` on a Postgres of one's own."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest

from tests.support.postgres import PASSWORD, Cluster, Database

ROOT = Path(__file__).parents[2]


def local(verb: str, tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a verb as the Makefile does, with its passwords in the environment."""
    return subprocess.run(
        [sys.executable, "-m", "include.local", verb],
        cwd=ROOT,
        env={**os.environ, "LOCAL_DIR": str(tmp_path / "local"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_empty_database_becomes_a_warehouse_with_the_roles_passwords(
    postgres: Cluster, tmp_path: Path
) -> None:
    with postgres.database(template="template0") as blank:
        done = local(
            "schema",
            tmp_path,
            WAREHOUSE_URL=blank.url_of("postgres"),
            PIPELINE_PASSWORD=PASSWORD,
            ANALYST_PASSWORD=PASSWORD,
        )
        assert done.returncode == 0, done.stderr
        assert PASSWORD not in done.stdout + done.stderr
        blank.execute("create table raw.mine (x int)", role="pipeline")
        assert blank.query("select * from load_log", role="analyst") == []
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            blank.query("select * from raw.mine", role="analyst")
        blank.execute("create role stranger login password 'strange'")
        try:
            with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
                psycopg2.connect(blank.url_of("stranger", "strange"))
        finally:
            blank.execute("drop role stranger")


def test_the_prompt_is_never_the_pipelines(database: Database, tmp_path: Path) -> None:
    done = local("psql", tmp_path, WAREHOUSE_URL=database.url, ANALYST_URL="", SQL="select 1")
    assert done.returncode == 1
    assert "set ANALYST_URL" in done.stderr
