"""One installation, made by the README's commands and led through the days of its life.

The story is told once per session; the tests look at what was seen at each of its stations.
"""

import atexit
import gzip
import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import psycopg2
import pytest
from psycopg2 import sql

from include.sample.maker import DEFAULT_TITLES
from tests.e2e.oracle.history import RatingsLoad
from tests.e2e.oracle.quality import QualityLoad, figures_of
from tests.e2e.oracle.reference import LoadTime, reference_year
from tests.support.leaks import watched_command_lines
from tests.support.tracing import without_coverage
from tests.support.webhook import Webhook, running_webhook

ROOT = Path(__file__).parents[2]
LAYERS = ("raw", "staging", "marts", "snapshots")
FULL = bool(os.environ.get("FULL", "").strip())
# The copies of the sample's files come from the same place as the sample.
SAMPLE = {"SOURCE_NAME": "sample-20000"}
# The commands run in a shell that is set up for other servers. PROXY counts connections: see
# test_commands.
PROXY = socket.create_server(("127.0.0.1", 0))
atexit.register(PROXY.close)
_SHELL = {
    "http_proxy": f"http://127.0.0.1:{PROXY.getsockname()[1]}",
    "HTTP_PROXY": f"http://127.0.0.1:{PROXY.getsockname()[1]}",
    "no_proxy": ".corp.example",
    "PGSSLMODE": "require",
    "PGOPTIONS": "-c search_path=other",
    "PGCLIENTENCODING": "LATIN5",
}
# The commands run as a person types them: with nothing of the test session's environment that
# would shape them.
_NOT_INHERITED = (
    "AIRFLOW",
    "IMDB_",
    "TMDB_",
    "TRAKT_",
    "DBT_",
    "OPENLINEAGE",
    "WAREHOUSE",
    "ANALYST",
    "PYTEST",
    "MAKE",
    "MFLAGS",
)
# These go to a command by its environment, others as words of make.
_BY_ENVIRONMENT = (
    *("IMDB_", "TMDB_", "TRAKT_"),
    *("OPENLINEAGE_", "WAREHOUSE_ALERT_", "WAREHOUSE_LINEAGE_"),
)


@dataclass(frozen=True)
class Command:
    """A command that has ended."""

    line: str
    code: int
    output: str


@dataclass(frozen=True)
class Installation:
    """An installation in a folder of its own."""

    folder: Path

    def make(self, verb: str, **variables: str) -> Command:
        """Run `make VERB NAME=value …` and return what it said; settings go by the environment."""
        settings = {
            name: value for name, value in variables.items() if name.startswith(_BY_ENVIRONMENT)
        }
        words = [f"{name}={value}" for name, value in variables.items() if name not in settings]
        return run(
            "make", "--no-print-directory", verb, f"LOCAL_DIR={self.folder}", *words, **settings
        )

    @contextmanager
    def start(self, verb: str, **variables: str) -> Iterator[Iterator[str]]:
        """Run `make VERB NAME=value …` beside the block, which gets its lines; Ctrl-C ends it."""
        words = [f"{name}={value}" for name, value in variables.items()]
        with subprocess.Popen(
            ["make", "--no-print-directory", verb, f"LOCAL_DIR={self.folder}", *words],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            assert process.stdout is not None
            try:
                yield process.stdout
            finally:
                os.killpg(process.pid, signal.SIGINT)

    def sample(self, day: int) -> Path:
        """The folder of the sample's files of `day`."""
        return self.folder / "sample" / f"day-{day}-{DEFAULT_TITLES}"

    @property
    def urls(self) -> Mapping[str, str]:
        """WAREHOUSE_URL and ANALYST_URL, as warehouse.env has them."""
        lines = (self.folder / "warehouse.env").read_text("utf-8").split()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def query(self, statement: str | sql.Composable, *, role: str = "WAREHOUSE") -> list[Any]:
        """The rows of a query, as the pipeline or (`role="ANALYST"`) the analyst."""
        with (
            closing(psycopg2.connect(self.urls[f"{role}_URL"])) as session,
            session.cursor() as cursor,
        ):
            cursor.execute(statement)
            return cursor.fetchall()

    def tables(self) -> dict[str, str]:
        """A hash over the rows of every table of raw, staging and marts, in whatever order."""
        names = self.query(
            "select schemaname, tablename from pg_tables "
            f"where schemaname in {LAYERS} order by 1, 2"
        )
        hashes = {}
        for schema, table in names:
            rows = self.query(
                sql.SQL(
                    "select md5(coalesce(string_agg(row_hash, '' order by row_hash), '')) from "
                    "(select md5(each::text) as row_hash from {} as each) as hashed"
                ).format(sql.Identifier(schema, table))
            )
            hashes[f"{schema}.{table}"] = rows[0][0]
        return hashes

    def writes(self) -> dict[str, tuple[int, ...]]:
        """Rows inserted, updated and deleted so far, and the file, of every table of the layers."""
        rows = self.query(
            "select schemaname, relname, n_tup_ins, n_tup_upd, n_tup_del, "
            "pg_relation_filenode(relid) from pg_stat_user_tables "
            f"where schemaname in {(*LAYERS, 'marts_next', 'quality')}"
        )
        return {f"{schema}.{table}": tuple(figures) for schema, table, *figures in rows}

    def files(self) -> dict[str, tuple[int, int]]:
        """Which file each name in the data folder is, and when it was written."""
        found = (self.folder / "data").iterdir()
        return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in found}

    def summary(self, dag_id: str = "imdb_pipeline") -> dict[str, Any]:
        """The report of the newest run of a DAG."""
        rows = self.query(
            sql.SQL(
                "select summary from meta.run_log where dag_id = {} "
                "order by finished_at desc limit 1"
            ).format(sql.Literal(dag_id))
        )
        return dict(rows[0][0])


@dataclass(frozen=True)
class Station:
    """What was seen after a command of the story."""

    command: Command
    summary: dict[str, Any]
    tables: dict[str, str]
    writes: dict[str, tuple[int, ...]]
    alerts: tuple[dict[str, Any], ...]
    files: dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Story:
    """The stations, in order; `kept_rows` are the failing rows that the red run left to look at.

    `command_lines` is what `ps` showed during the first and the red run. `mended` is visited with
    FULL=1 only.
    """

    installation: Installation
    first: Station
    again: Station
    damaged: Station
    second_day: Station
    red: Station
    kept_rows: dict[str, int]
    mended: Station | None
    command_lines: frozenset[str]

    @property
    def stations(self) -> dict[str, Station]:
        """The visited stations by name, in order."""
        names = ("first", "again", "damaged", "second_day", "red", "mended")
        found = ((name, getattr(self, name)) for name in names)
        return {name: station for name, station in found if station is not None}


@dataclass(frozen=True)
class ApiStation:
    """What was seen after a command; `summaries` are the newest reports by DAG."""

    command: Command
    summaries: dict[str, dict[str, Any]]
    tables: dict[str, str]
    writes: dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class ApiDays:
    """The commands, in order."""

    installation: Installation
    first: ApiStation
    again: ApiStation
    trial: ApiStation
    second_day: ApiStation


@dataclass(frozen=True)
class Published:
    """The published marts of a day, and the files that they were made from."""

    sample: Path
    analyst_url: str
    reference_year: int
    ratings_loads: tuple[RatingsLoad, ...]
    loads: tuple[QualityLoad, ...]


def run(*words: str, **environment: str) -> Command:
    """Run a command of the README and return what it said."""
    kept = {name: value for name, value in os.environ.items() if not _shapes_us(name)}
    done = subprocess.run(
        words,
        cwd=ROOT,
        env=kept | _SHELL | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=900,
    )
    return Command(" ".join(words), done.returncode, done.stdout)


def _shapes_us(name: str) -> bool:
    return name.startswith(_NOT_INHERITED)


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An empty folder; what runs in it is ended at the end."""
    made = Installation(tmp_path_factory.mktemp("installation") / "local dir")
    yield made
    ended = made.make("down")
    assert ended.code == 0, ended.output


@pytest.fixture(scope="session")
def webhook() -> Iterator[Webhook]:
    """What is told of failed runs."""
    with running_webhook() as running:
        yield running


@pytest.fixture(scope="session")
def story(
    installation: Installation, webhook: Webhook, tmp_path_factory: pytest.TempPathFactory
) -> Story:
    """Tell the story: an empty machine, the same day again, a damaged file, a day later, a file
    with impossible values, and with FULL=1 the right one."""
    visit = partial(visited, webhook)
    with watched_command_lines() as command_lines:
        first = visit(installation, "run", PIPELINES="imdb")
    assert first.command.code == 0, first.command.output
    keep_marts(installation, 1)
    again = visit(installation, "run", PIPELINES="imdb")
    cut = cut_short(installation.sample(1), tmp_path_factory.mktemp("damaged") / "day-1")
    damaged = visit(installation, "run", SOURCE=str(cut), IMDB_DOWNLOAD_TRIES="2", **SAMPLE)
    second_day = visit(
        installation, "run", DAY="2", PIPELINES="imdb", **lineage_into(lineage_of(installation))
    )
    assert second_day.command.code == 0, second_day.command.output
    keep_marts(installation, 2)
    wrong = impossible_ratings(installation.sample(2), tmp_path_factory.mktemp("wrong") / "day-2")
    with watched_command_lines() as later:
        red = visit(installation, "run", SOURCE=str(wrong), **SAMPLE)
    kept_rows = {
        finding["failures_table"]: installation.query(
            f"select count(*) from {finding['failures_table']}"
        )[0][0]
        for finding in red.summary["dbt"]["failures"]
    }
    mended = visit(installation, "run", DAY="2", PIPELINES="imdb") if FULL else None
    seen = frozenset(command_lines | later)
    return Story(installation, first, again, damaged, second_day, red, kept_rows, mended, seen)


def api_station(installation: Installation, **variables: str) -> ApiStation:
    """Run the pipelines and look around."""
    command = installation.make("run", **variables)
    assert command.code == 0, command.output
    dags = [row[0] for row in installation.query("select distinct dag_id from meta.run_log")]
    summaries = {dag_id: installation.summary(dag_id) for dag_id in dags}
    return ApiStation(command, summaries, installation.tables(), installation.writes())


@pytest.fixture(scope="session")
def api_days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiDays]:
    """All pipelines, those of the APIs again, a trial of the next day, the next day."""
    installation = Installation(tmp_path_factory.mktemp("apis") / "local")
    visit, small = partial(api_station, installation), {"TITLES": "1000"}
    first, again = visit(**small), visit(PIPELINES="tmdb,trakt")
    with without_coverage():
        trial = visit(PIPELINES="tmdb", DAY="2", DRY_RUN="1", **small)
        second_day = visit(PIPELINES="tmdb,trakt", DAY="2", BACKFILL="20", **small)
    yield ApiDays(installation, first, again, trial, second_day)
    ended = installation.make("down")
    assert ended.code == 0, ended.output


@pytest.fixture(scope="session", params=[1, 2], ids=["day 1", "day 2"])
def published(story: Story, request: pytest.FixtureRequest) -> Published:
    """The marts as they were published on a day, for the analyst, unqualified."""
    day, installation = request.param, story.installation
    path = urlencode({"options": f"-c search_path={kept_schema(day)}"}, quote_via=quote)
    ledger = installation.query(
        "select load_id, loaded_at from meta.load_log "
        f"where dataset = 'title.ratings' order by load_id limit {day}"
    )
    return Published(
        installation.sample(day),
        f"{installation.urls['ANALYST_URL']}?{path}",
        _reference_year(installation, day),
        # One load a day, until the file with impossible ratings.
        tuple(
            RatingsLoad(load_id, loaded_at, installation.sample(of_day))
            for of_day, (load_id, loaded_at) in enumerate(ledger, 1)
        ),
        _loads(installation, day),
    )


def _reference_year(installation: Installation, day: int) -> int:
    """The year that the marts of a day take as now."""
    ledger = installation.query(
        "select load_id, dataset, last_modified, loaded_at from (select *, row_number() over "
        "(partition by dataset order by load_id) as of_day from meta.load_log) as loads "
        f"where of_day <= {day}"
    )
    return reference_year(LoadTime(*load) for load in ledger)


def _loads(installation: Installation, day: int) -> tuple[QualityLoad, ...]:
    """All loads up to `day`, when every file was loaded once a day."""
    ledger = installation.query(
        "select load_id, dataset, url, loaded_at, row_number() over files from meta.load_log "
        "window files as (partition by dataset order by load_id) order by load_id"
    )
    return tuple(
        QualityLoad(
            load_id, dataset, url, loaded_at, figures_of(installation.sample(of_day), dataset)
        )
        for load_id, dataset, url, loaded_at, of_day in ledger
        if of_day <= day
    )


def kept_schema(day: int) -> str:
    """Where the marts of a day are kept while the story goes on."""
    return f"kept_day_{day}"


def keep_marts(installation: Installation, day: int) -> None:
    """Copy the published marts to where the next publish does not reach them."""
    schema = sql.Identifier(kept_schema(day))
    with (
        closing(psycopg2.connect(installation.urls["WAREHOUSE_URL"])) as session,
        session,
        session.cursor() as cursor,
    ):
        cursor.execute(sql.SQL("create schema {}").format(schema))
        cursor.execute("select tablename from pg_tables where schemaname = 'marts'")
        for (table,) in cursor.fetchall():
            cursor.execute(
                sql.SQL("create table {} as table {}").format(
                    sql.Identifier(kept_schema(day), table), sql.Identifier("marts", table)
                )
            )
        cursor.execute(sql.SQL("grant usage on schema {} to analyst").format(schema))
        cursor.execute(sql.SQL("grant select on all tables in schema {} to analyst").format(schema))


def lineage_of(installation: Installation) -> Path:
    """The file that gets the lineage of the second day."""
    return installation.folder / "lineage.jsonl"


def lineage_into(path: Path) -> dict[str, str]:
    """The settings that switch lineage on, as docs/operations.md has them."""
    return {
        "OPENLINEAGE__TRANSPORT__TYPE": "file",
        "OPENLINEAGE__TRANSPORT__LOG_FILE_PATH": str(path),
        "OPENLINEAGE__TRANSPORT__APPEND": "true",
        "WAREHOUSE_LINEAGE_NAMESPACE": "postgres://film",
    }


def visited(webhook: Webhook, installation: Installation, verb: str, **variables: str) -> Station:
    """Run a command, with the webhook's address in its environment, and look around."""
    command = installation.make(verb, WAREHOUSE_ALERT_URL=webhook.url, **variables)
    return Station(
        command,
        installation.summary() if (installation.folder / "warehouse.env").exists() else {},
        installation.tables(),
        installation.writes(),
        webhook.taken(),
        installation.files(),
    )


def cut_short(source: Path, target: Path) -> Path:
    """A copy of a sample in which one file ends in the middle."""
    target.mkdir()
    for path in source.glob("*.tsv.gz"):
        content = path.read_bytes()
        whole = path.name != "title.crew.tsv.gz"
        (target / path.name).write_bytes(content if whole else content[: len(content) // 2])
    return target


def impossible_ratings(source: Path, target: Path) -> Path:
    """A copy of a sample in which every title is rated 55.5: whole, well-formed and wrong."""
    target.mkdir()
    for path in source.glob("*.tsv.gz"):
        (target / path.name).write_bytes(path.read_bytes())
    ratings = target / "title.ratings.tsv.gz"
    header, *rows = gzip.decompress(ratings.read_bytes()).decode().splitlines()
    fields = [row.split("\t") for row in rows]
    text = "\n".join([header, *(f"{title}\t55.5\t{votes}" for title, _, votes in fields)]) + "\n"
    ratings.write_bytes(gzip.compress(text.encode(), mtime=0))
    return target
