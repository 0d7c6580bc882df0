"""Where the pipeline is killed: each point is a moment in one operation, and has a name."""

from dataclasses import dataclass
from typing import Literal

from tests.support.moments import Moment

Operation = Literal["download", "load in full", "load as a delta", "publish", "dbt"]


@dataclass(frozen=True, slots=True)
class KillPoint:
    """A name in words, the operation, and the moment in it."""

    operation: Operation
    name: str
    moment: Moment

    def __str__(self) -> str:
        return f"{self.operation}: {self.name}"


def _before(*steps: str) -> Moment:
    return Moment("before", steps)


def _after(*steps: str) -> Moment:
    return Moment("after", steps)


_PART = "warehouse.http.part_file:PartFile"
_CACHE = "warehouse.http.cache:FileCache"
_LOADER = "warehouse.raw.file_load"
_WRITE, _REPLACE = "pathlib:Path.write_text", "pathlib:Path.replace"
_LINK = "pathlib:Path.hardlink_to"
_CHUNK = "warehouse.database.parallel_copy:_Feed.read"
_NEW_TABLE = r'create table "raw"\."imdb_\w+__new"'
_CHANGES = r'insert into "raw"\."imdb_\w+_changes"'
_LEDGER = r"insert into meta\.load_log"
_MERGE = r"merge into \S+stg_title_ratings"
_BACKUP = r'rename to "mart_\w+__dbt_backup"'
_MARK = r"insert into \S+high_water_mark"
_FAILURES = r"count\(\*\) as failures"
_PUBLISHED = r"insert into meta\.publish_log"
_MOVED = r'alter table "marts\w*"\."mart_\w+" set schema'
_COMMIT = "^commit$"

_POINTS: dict[Operation, dict[str, Moment]] = {
    "download": {
        "the source has answered": _before(f"{_PART}.begin"),
        "the part is noted and not begun": _after(f"{_PART}.discard", _WRITE),
        "some of it has arrived": _before("tests.support.pipeline:piece_arrived"),
        "all of it has arrived": _before("imdb_pipeline.downloader:inspect"),
        "it was found whole": _before(f"{_PART}.finish"),
        "it is on the disk": _after("os:fsync"),
        "it is in place, and the note of the part still there": _after(_REPLACE),
        "it is in place and not in the cache": _before(f"{_CACHE}.remember"),
        "the cache is half written": _after(f"{_PART}.finish", _WRITE),
        "it is in the cache": _after(f"{_CACHE}.remember"),
    },
    # The whole file, over two sessions.
    "load in full": {
        "the dataset's lock is held": _after("pg_try_advisory_lock"),
        "the new table is made, not committed": _after(_NEW_TABLE),
        "the new table is there and empty": _before(f"{_LOADER}:copy_in_parallel"),
        "rows are coming in over two sessions": _after(_CHUNK, _CHUNK, _CHUNK),
        "one session has committed its rows": _after("commit in a thread"),
        "all rows are there": _after(f"{_LOADER}:copy_in_parallel"),
        "the two tables are compared": _after("create temporary table differing"),
        "the changes are written": _after(_CHANGES),
        "the old table is dropped": _after(r'drop table "raw"\."imdb_\w+"$'),
        "the new table has its name": _after(r'rename to "imdb_\w+"$'),
        "the ledger row is written, not committed": _before(_LEDGER, _COMMIT),
        "the load is committed": _after(_LEDGER, _COMMIT),
        "the loaded file is half kept": _after(_LINK),
    },
    "load as a delta": {
        "the lines that differ are coming in": _after("warehouse.raw.changes:_ChangeLines.read"),
        "the rows that leave are found": _after("create temporary table leaving"),
        "rows have left and none has come": _after(r'delete from "raw"\."imdb_'),
        "rows have left and come": _after(r'insert into "raw"\."imdb_'),
        "the ledger row is written, not committed": _before(_LEDGER, _COMMIT),
        "the load is committed": _after(_LEDGER, _COMMIT),
        "the loaded file is half kept": _after(_LINK),
    },
    "publish": {
        "the build is audited": _before("create schema"),
        "one live table is out of the way": _after(_MOVED),
        "the new tables are live, the old ones not kept": _after(_MOVED, _MOVED, _MOVED, _MOVED),
        "it is noted, not committed": _before(_PUBLISHED, _COMMIT),
        "it is committed": _after(_PUBLISHED, _COMMIT),
    },
    # A staging model and a mart that catch up, a mart that is built whole, and a test.
    "dbt": {
        "rows are merged, the mark is not set": _after(_MERGE),
        "the mark is set, not committed": _before(_MERGE, _MARK, _COMMIT),
        "one model is committed, the next not begun": _after(_MERGE, _MARK, _COMMIT),
        "the old table is out of the way of the new one": _after(_BACKUP),
        "a test has counted its failing rows": _after(_FAILURES),
        "all is built and tested, nothing logged": _before(r"insert into meta\.model_log"),
    },
}

KILL_POINTS: tuple[KillPoint, ...] = tuple(
    KillPoint(operation, name, moment)
    for operation, points in _POINTS.items()
    for name, moment in points.items()
)
