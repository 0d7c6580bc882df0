"""What goes wrong under a warehouse: limits, a disk that is soon full, strangers who hold locks."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.mounts import small_disk
from tests.support.postgres import Database


@contextmanager
def set_for_pipeline(database: Database, setting: str, value: str) -> Iterator[None]:
    """Let the role pipeline have a setting in this database."""
    database.execute(f"alter role pipeline in database {database.name} set {setting} = '{value}'")
    try:
        yield
    finally:
        database.execute(f"alter role pipeline in database {database.name} reset {setting}")


@contextmanager
def on_a_small_disk(
    database: Database, folder: Path, kilobytes: int
) -> Iterator[Callable[[int], None]]:
    """Let new tables be made on a small disk; gives what makes room there."""
    owner = Path(database.value("show data_directory")).stat()
    with small_disk(folder / "disk", kilobytes) as disk:
        place = disk.folder / "tables"
        place.mkdir()
        for path in (disk.folder, place):
            os.chown(path, owner.st_uid, owner.st_gid)
        name = f"small_{database.name}"
        with database.session("postgres") as session:
            session.autocommit = True
            session.cursor().execute(f"create tablespace {name} location '{place}'")
            session.cursor().execute(f"grant create on tablespace {name} to pipeline")
        try:
            with set_for_pipeline(database, "default_tablespace", name):
                yield disk.grow
        finally:
            with database.session("postgres") as session:
                session.autocommit = True
                everything = f"alter table all in tablespace {name} set tablespace pg_default"
                session.cursor().execute(everything)
                session.cursor().execute(f"drop tablespace {name}")


@contextmanager
def held(database: Database, statement: str) -> Iterator[int]:
    """Somebody else's session that holds a lock; gives its process."""
    with database.session("postgres") as session:
        session.cursor().execute(f"set application_name = 'a long lunch'; {statement}")
        yield session.info.backend_pid
