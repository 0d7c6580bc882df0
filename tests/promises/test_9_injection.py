"""Texts made of SQL, of Jinja and of paths, wherever a text comes in: nothing happens."""

import ast
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from psycopg2 import sql

from imdb_pipeline.config import DATASETS, Settings, dataset_named
from imdb_pipeline.loader import Loader
from tests.support.dbt import run_dbt
from tests.support.downloads import Workbench
from tests.support.loads import IMPATIENT, LoadedWarehouse
from tests.support.postgres import Database
from tests.support.snapshots import RATINGS, TWO_ROWS, loaded_rows, snapshot, written
from tests.support.source import Answer, FaultySource, file, good_server
from warehouse.database.connection import connected
from warehouse.database.turns import hold
from warehouse.errors import PermanentError, SourceRefused, UnexpectedContent
from warehouse.raw.dataset import Dataset

ROOT = Path(__file__).parents[2]
# Ends a quote of every kind, drops what must not be dropped, and would fail in Jinja and in `%`.
HOSTILE = (
    "x\\'; drop table meta.load_log cascade; --'); drop schema raw cascade; --\" $$ $x$ "
    "{{ 1 / 0 }} {% endraw %} %s %(x)s {} {0} ../../x"
)


def unharmed(database: Database) -> bool:
    """Whether everything that the texts would drop is there."""
    wanted = [f"raw.{name}" for each in DATASETS for name in (each.table, each.changes_table)]
    wanted.append("meta.load_log")
    there = database.query(
        "select name from unnest(%s) as name where to_regclass(name) is not null", wanted
    )
    return [name for (name,) in there] == wanted


def test_what_is_noted_of_a_file_is_text_to_the_ledger(warehouse: LoadedWarehouse) -> None:
    path, entry = written(warehouse.folder, RATINGS, TWO_ROWS)
    hostile = replace(entry, etag=HOSTILE, last_modified=HOSTILE, url=HOSTILE, file="../../x")

    warehouse.loader().load(RATINGS, path, hostile, run_id=HOSTILE)

    told = "select etag, last_modified, url, run_id from meta.load_log"
    assert warehouse.database.query(told) == [(HOSTILE,) * 4]
    # A snapshot's hash that is no hash is compared, no more.
    spoilt = replace(hostile, sha256=HOSTILE)
    assert warehouse.loader().loaded_already(RATINGS, spoilt) is None
    assert unharmed(warehouse.database)


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.name)
def test_values_are_text_whether_the_file_is_loaded_whole_or_by_its_changes(
    warehouse: LoadedWarehouse, dataset: Dataset
) -> None:
    # Enough rows for the changes to be few.
    plain = [(f"tt{number}", *"1" * (len(dataset.columns) - 1)) for number in range(10, 30)]
    first = [*plain, *[("tt5", *[HOSTILE] * (len(dataset.columns) - 1))]]
    second = [*plain, *[("tt6", *[HOSTILE] * (len(dataset.columns) - 1))]]
    assert warehouse.load(first, dataset=dataset).load.method == "full"
    assert loaded_rows(warehouse.database, dataset) == first

    assert warehouse.refresh(second, dataset=dataset).load.method == "delta"
    assert sorted(loaded_rows(warehouse.database, dataset)) == sorted(second)
    assert unharmed(warehouse.database)


def test_names_are_identifiers(database: Database, tmp_path: Path) -> None:
    """No such dataset is configured; one that were would be a table with an odd name."""
    odd = Dataset(
        "imdb",
        'a"; drop schema raw; --',
        ('k"; drop schema raw; --', "v'; select 1/0; --"),
        ('k"; drop schema raw; --',),
        RATINGS.timeout,
    )
    columns = sql.SQL(", ").join(
        sql.SQL("{} text").format(sql.Identifier(column)) for column in odd.table_columns
    )
    changes = sql.SQL("load_id bigint, change text, is_new boolean, ") + columns
    with database.session() as session, session, session.cursor() as cursor:
        for table, content in ((odd.table, columns), (odd.changes_table, changes)):
            name = sql.Identifier("raw", table)
            cursor.execute(sql.SQL("create table {} ({})").format(name, content))

    for number, key in enumerate(("a", "b"), 1):
        rows = [(key, str(number)), *[(f"k{other}", "x") for other in range(10, 30)]]
        previous = tmp_path / "previous.tsv.gz"
        path = tmp_path / "odd.tsv.gz"
        if path.exists():
            path.replace(previous)
        made, entry = written(tmp_path, replace(odd, name="odd"), rows)
        outcome = Loader(database.url, IMPATIENT).load(
            odd, made, replace(entry, file=path.name), previous=previous
        )
        assert outcome.load.method == ("full" if number == 1 else "delta")
    with database.session() as session, session.cursor() as cursor:
        cursor.execute(sql.SQL("select count(*) from {}").format(sql.Identifier("raw", odd.table)))
        assert cursor.fetchone() == (21,)
    assert unharmed(database)


def test_a_header_made_of_sql_is_told_and_refused(warehouse: LoadedWarehouse) -> None:
    path = warehouse.folder / RATINGS.file_name
    hostile = replace(RATINGS, columns=("tconst", HOSTILE, "numVotes"))
    path.write_bytes(snapshot(hostile, TWO_ROWS))
    _, entry = written(warehouse.folder / "..", RATINGS, TWO_ROWS)

    with pytest.raises(UnexpectedContent, match="header"):
        warehouse.loader().load(RATINGS, path, entry)
    assert unharmed(warehouse.database)


def test_what_a_session_is_for_and_a_lock_are_text(database: Database) -> None:
    with connected(database.url, purpose=HOSTILE) as connection, connection.cursor() as cursor:
        hold(cursor, HOSTILE)
        cursor.execute("show application_name")
        assert cursor.fetchone() == (f"warehouse: {HOSTILE}"[:63],)
    assert unharmed(database)


@pytest.mark.parametrize(
    "name", [HOSTILE, "../title.basics", "title.basics/../../x", "TITLE.BASICS"]
)
def test_only_the_seven_are_datasets(name: str) -> None:
    with pytest.raises(PermanentError, match="is not a dataset"):
        dataset_named(name)


def test_what_dbt_says_and_the_name_of_its_run_are_text_to_the_logs(
    database: Database, tmp_path: Path
) -> None:
    """The macro log_results makes its SQL itself: dbt has no other way in a hook.

    On a server where a backslash means something in every text.
    """
    database.execute(
        """
        alter table raw.imdb_title_ratings rename to taken_away;
        create function raw.refuse() returns text language plpgsql as $f$
            begin
                -- Evaluated per row: nothing is raised where it is planned.
                raise exception using message = current_setting('test.hostile');
            end
        $f$;
        create view raw.imdb_title_ratings as
            select tconst, raw.refuse() as average_rating, num_votes from raw.taken_away;
        insert into raw.taken_away values ('tt1', '1', '1');
        alter view raw.imdb_title_ratings owner to pipeline;
        grant execute on function raw.refuse() to pipeline
        """
    )
    database.execute(f"alter database {database.name} set test.hostile = %s", HOSTILE)
    database.execute(f"alter database {database.name} set standard_conforming_strings = off")

    done = run_dbt(
        database,
        *("run", "--select", "stg_title_ratings"),
        env={"DBT_ENV_CUSTOM_ENV_RUN_ID": HOSTILE},
    )

    assert done.exit_code == 1, done.output
    ((run_id, status, message),) = database.query(
        "select run_id, status, message from meta.model_log"
    )
    assert (run_id, status) == (HOSTILE, "error")
    assert HOSTILE in message, message
    assert unharmed(database)


def test_statements_are_composed_by_the_driver_only() -> None:
    """No statement is made of an f-string, `%`, `+` or `format`; texts of `sql.SQL` are literal."""
    seen, found = 0, []
    for path in sorted([*(ROOT / "dags").rglob("*.py"), *(ROOT / "include").rglob("*.py")]):
        tree = ast.parse(path.read_text("utf-8"))
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            name = ast.unparse(call.func)
            if not call.args or not name.endswith((".execute", ".copy_expert", "sql.SQL")):
                continue
            seen += 1
            first = call.args[0]
            joined = isinstance(first, ast.JoinedStr | ast.BinOp)
            formatted = (
                isinstance(first, ast.Call)
                and isinstance(first.func, ast.Attribute)
                and first.func.attr == "format"
                and isinstance(first.func.value, ast.Constant)
            )
            if joined or formatted:
                found.append(f"{path.relative_to(ROOT)}:{call.lineno}: {ast.unparse(first)[:60]}")
    assert seen > 50
    assert found == []


HOSTILE_PLACES = ["../../etc/passwd", "/etc/passwd", "title.ratings.tsv.gz/../../x", HOSTILE]


@pytest.mark.parametrize("place", HOSTILE_PLACES)
def test_the_file_of_a_cache_entry_is_never_a_path(
    workbench: Workbench, source: FaultySource, place: str
) -> None:
    source.always(file(snapshot(RATINGS, TWO_ROWS)))
    workbench.download()
    entry = workbench.entry
    assert entry is not None
    workbench.cache.remember(RATINGS, replace(entry, file=place))

    assert workbench.cache.valid_entry(RATINGS) is None
    fetched = workbench.download()
    assert fetched.path == workbench.path
    assert fetched.entry.file == RATINGS.file_name
    assert workbench.files == {RATINGS.file_name}


@pytest.mark.parametrize("field", ["etag", "last_modified"])
@pytest.mark.parametrize("value", ["x\r\nX-Evil: 1", "x\n", "\x00", "é", HOSTILE])
def test_validators_of_a_cache_entry_make_no_header_of_their_own(
    workbench: Workbench, source: FaultySource, field: str, value: str
) -> None:
    source.always(file(snapshot(RATINGS, TWO_ROWS)))
    workbench.download()
    entry = workbench.entry
    assert entry is not None
    workbench.cache.store.write(
        "imdb_cache__title_ratings",
        json.dumps({**{name: getattr(entry, name) for name in entry.__slots__}, field: value}),
    )

    workbench.download()
    asked = source.requests[-1].headers
    assert asked["X-Evil"] is None
    name = {"etag": "If-None-Match", "last_modified": "If-Modified-Since"}[field]
    assert asked[name] in (None, value)


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Path]:
    """A file beside the data folder that nobody may touch."""
    path = tmp_path / "outside.txt"
    path.write_text("not yours")
    yield path
    assert path.read_text() == "not yours"
    assert not path.is_symlink()


@pytest.mark.parametrize("suffix", ["", ".part", ".part.json", ".tmp"])
def test_a_link_in_the_data_folder_is_not_written_through(
    workbench: Workbench, source: FaultySource, outside: Path, suffix: str
) -> None:
    body = snapshot(RATINGS, TWO_ROWS)
    source.always(good_server(body))
    workbench.path.parent.mkdir()
    for name in (RATINGS.file_name, RATINGS.previous_file_name):
        (workbench.path.parent / f"{name}{suffix}").symlink_to(outside)
    # As if it were a download that can be gone on with.
    if suffix == ".part":
        note = workbench.path.with_name(f"{RATINGS.file_name}.part.json")
        note.write_text(json.dumps({"etag": '"one"', "last_modified": None}))

    workbench.download()
    source.always(good_server(snapshot(RATINGS, [*TWO_ROWS, ("tt9", "1.0", "1")]), etag='"two"'))
    workbench.download(force=True)
    assert workbench.path.resolve() == workbench.path
    assert workbench.cache.valid_entry(RATINGS) is not None


@pytest.mark.parametrize(
    "base_url", ["file:///etc", "ftp://127.0.0.1", "/etc", "gopher://x", "//x"]
)
def test_only_http_is_fetched(workbench: Workbench, base_url: str) -> None:
    workbench.change(base_url=base_url)
    with pytest.raises(SourceRefused, match="not an address to fetch from"):
        workbench.download()
    assert not workbench.path.exists()


@pytest.mark.parametrize(
    "target",
    ["http://{}/elsewhere", "https://127.0.0.1:1/x", "file:///etc/passwd", "//elsewhere.example/x",
     "/files/title.ratings.tsv.gz", "http://169.254.169.254/latest/meta-data"],
)  # fmt: skip
def test_no_redirect_is_followed_not_even_to_the_same_host(
    workbench: Workbench, source: FaultySource, target: str
) -> None:
    """Stricter than "within https and the allowed hosts": the files are where they are."""
    host = source.url.split("/")[2]
    source.answers(Answer(302, headers={"Location": target.format(host)}))

    with pytest.raises(SourceRefused, match="redirects are not followed"):
        workbench.download()
    assert len(source.requests) == 1
    assert not workbench.path.parent.exists()


@pytest.mark.parametrize(
    "address", ["https://me:a-secret@mirror.example/files", "https://a-secret@mirror.example"]
)
def test_an_address_with_a_password_is_refused_without_it(address: str) -> None:
    with pytest.raises(PermanentError, match="netrc") as caught:
        Settings.from_environment({"IMDB_BASE_URL": address})
    assert "a-secret" not in str(caught.value)


def test_cleaning_removes_links_and_not_what_they_lead_to(tmp_path: Path) -> None:
    from include.local.layout import Layout
    from tests.integration.local.test_local_schema import local

    layout = Layout(tmp_path / "local")
    layout.make()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    (layout.root / "bench").symlink_to(outside, target_is_directory=True)
    (layout.root / "up.json").symlink_to(outside / "kept")
    (layout.root / "mine").touch()

    done = local("clean", tmp_path)
    assert done.returncode == 0, done.stderr
    assert (outside / "kept").exists()
    assert [path.name for path in layout.root.iterdir()] == ["mine"]
