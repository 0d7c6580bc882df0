"""The same file twice is no work, and the same run twice gives the same warehouse."""

import gzip
import hashlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from imdb_pipeline.config import DATASET_NAMES, DATASETS
from include.sample.maker import make_sample
from tests.support.dbt_scenes import Scenes, dbt_build, state
from tests.support.fingerprint import files, fingerprint
from tests.support.loads import rows_changed
from tests.support.marts import Marts
from tests.support.pipeline import Pipeline
from tests.support.postgres import Cluster, Database
from tests.support.source import Answer, FaultySource, Request, good_server

TITLES = 120
# A transaction that writes anything takes an id.
NEXT_ID = "select pg_snapshot_xmax(pg_current_snapshot())::text"


@pytest.fixture
def day(tmp_path: Path, source: FaultySource) -> Iterator[Path]:
    """A folder of the seven files, which the source has."""
    folder = tmp_path / "day"
    make_sample(folder, TITLES)
    source.always(partial(_answer, folder))
    yield folder


def _answer(folder: Path, request: Request) -> Answer:
    body = (folder / Path(request.path).name).read_bytes()
    return good_server(body, etag=f'"{hashlib.sha256(body).hexdigest()}"')(request)


@pytest.fixture
def pipeline(database: Database, source: FaultySource, tmp_path: Path, day: Path) -> Pipeline:
    """A pipeline that has loaded all seven files."""
    made = Pipeline(database.url, tmp_path / "data", source.url)
    for name in DATASET_NAMES:
        assert made.download(name).modified
        assert made.load(name).written
    return made


def places(folder: Path) -> dict[str, tuple[int, int]]:
    """Which file each name is, and when it was written."""
    return {path.name: (path.stat().st_ino, path.stat().st_mtime_ns) for path in folder.iterdir()}


def test_the_same_files_again_are_no_work(database: Database, pipeline: Pipeline) -> None:
    before = database.value(NEXT_ID), fingerprint(database), places(pipeline.folder)

    for name in DATASET_NAMES:
        done = pipeline.download(name)
        assert (done.modified, done.fetched_bytes) == (False, 0)
        assert not pipeline.load(name).written

    assert (database.value(NEXT_ID), fingerprint(database), places(pipeline.folder)) == before


def test_the_same_files_fetched_again_are_no_load(database: Database, pipeline: Pipeline) -> None:
    before = database.value(NEXT_ID), fingerprint(database), files(pipeline.folder)

    for name in DATASET_NAMES:
        assert pipeline.download(name, force=True).modified
        assert not pipeline.load(name).written

    assert (database.value(NEXT_ID), fingerprint(database), files(pipeline.folder)) == before


def test_the_same_files_loaded_by_force_change_no_row(
    database: Database, pipeline: Pipeline
) -> None:
    before = (
        fingerprint(database, without=("meta.load_log", "meta.column_log")),
        files(pipeline.folder),
    )

    for name in DATASET_NAMES:
        done = pipeline.load(name, force=True)
        assert (done.written, rows_changed(done.load)) == (True, 0)

    assert (
        fingerprint(database, without=("meta.load_log", "meta.column_log")),
        files(pipeline.folder),
    ) == before


def test_the_same_lines_in_another_file_are_a_load_and_no_reason_to_build(
    database: Database, pipeline: Pipeline, source: FaultySource, day: Path, tmp_path: Path
) -> None:
    marts = Marts(database, tmp_path / "project", ["mart_one"])
    marts.build_and_publish("first")
    path = day / "title.crew.tsv.gz"
    lines = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(lines, compresslevel=1, mtime=1))
    assert pipeline.download("title.crew").modified
    done = pipeline.load("title.crew")
    assert (done.written, rows_changed(done.load)) == (True, 0)
    assert marts.begin("second") is None

    marts.build_and_publish("asked for")
    marts.rollback()
    path.write_bytes(gzip.compress(lines, compresslevel=2, mtime=2))
    pipeline.download("title.crew")
    assert pipeline.load("title.crew").written
    assert marts.begin("a rejected state does not come again") is None

    path.write_bytes(gzip.compress(lines[: lines.rindex(b"\n", 0, -1) + 1]))
    pipeline.download("title.crew")
    assert rows_changed(pipeline.load("title.crew").load) == 1
    assert marts.begin("a line less")


def test_nothing_is_in_the_data_folder_but_the_files(pipeline: Pipeline) -> None:
    names = {dataset.file_name for dataset in DATASETS}
    kept = {dataset.previous_file_name for dataset in DATASETS}
    assert set(files(pipeline.folder)) == names | kept | {"cache.json", "cache.json.lock"}
    for dataset in DATASETS:
        path = pipeline.cache.path_of(dataset)
        assert path.samefile(pipeline.cache.previous_path_of(dataset)), "no room is taken twice"


def test_the_same_days_give_the_same_warehouse(
    postgres: Cluster, source: FaultySource, tmp_path: Path
) -> None:
    """Day after day in one, and in the other each day twice, with what was fetched before lost."""
    found = []
    for name, again in (("once", False), ("twice", True)):
        with postgres.database() as database:
            pipeline = Pipeline(database.url, tmp_path / name, source.url)
            for number in (1, 2, 3):
                folder = tmp_path / f"day-{number}"
                if not folder.exists():
                    make_sample(folder, TITLES, day=number)
                source.always(partial(_answer, folder))
                for _ in range(1 + again):
                    for dataset in DATASET_NAMES:
                        pipeline.download(dataset)
                        pipeline.load(dataset)
                    if again:
                        (pipeline.folder / "cache.json").unlink()
            found.append(fingerprint(database))
    assert found[0] == found[1]


@pytest.mark.filterwarnings("ignore:unclosed file .*dbt.log:ResourceWarning")
def test_the_same_build_again_changes_nothing(dbt_scenes: Scenes) -> None:
    with dbt_scenes.postgres.database(dbt_scenes.site.database.name) as database:
        site = dbt_scenes.site.on(database)
        dbt_build(site)
        assert state(database) == dbt_scenes.ending

        dbt_build(site)

        assert state(database) == dbt_scenes.ending
