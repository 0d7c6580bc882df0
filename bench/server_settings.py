"""What each server setting for bulk work is worth: the embedded server with one of them changed.

A part of title.principals is loaded over two connections, gets its unique index, becomes a typed
table and an aggregate. Every variant differs from the base (`server_settings` of include/local) in
one setting and runs right after the base; the ratio is that of such pairs. VARIANTS= names some.
"""

import contextlib
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from statistics import median

import psycopg2
from isal import igzip
from psycopg2.extensions import make_dsn

from bench.files import sample_files
from bench.report import conditions, markdown_table
from bench.workspace import progress, workspace
from include.local.layout import LocalError
from include.local.postgres import (
    EmbeddedPostgres,
    memory_bytes,
    server_settings,
    shared_memory_bytes,
)
from include.local.programs import find_programs

ROWS = int(os.environ.get("ROWS", "2000000"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
PASSWORD = "between-us"
STEPS = ("load", "index", "typed", "aggregate")
# No setting, but chosen when the cluster is made. With checksums, whoever first reads a page that
# was just written has to log all of it, for the sake of its hint bits.
CHECKSUMS = "data_checksums"
_REPLICA = {"wal_level": "replica", "max_wal_senders": "10"}
_COMPRESSED = {"wal_compression": "'pglz'"}
VARIANTS: dict[str, dict[str, str]] = {
    "wal_level=replica": _REPLICA,
    "wal_level=replica, data_checksums=on": {**_REPLICA, CHECKSUMS: "on"},
    "wal_compression=pglz": _COMPRESSED,
    "data_checksums=on": {CHECKSUMS: "on"},
    "data_checksums=on, wal_compression=pglz": {**_COMPRESSED, CHECKSUMS: "on"},
    "max_wal_size=1GB": {"max_wal_size": "'1GB'"},
    "max_wal_size=16GB": {"max_wal_size": "'16GB'"},
    "wal_buffers=64MB": {"wal_buffers": "'64MB'"},
    "maintenance_work_mem=64MB": {"maintenance_work_mem": "'64MB'"},
    "maintenance_work_mem=1GB": {"maintenance_work_mem": "'1GB'"},
    "max_parallel_maintenance_workers=0": {"max_parallel_maintenance_workers": "0"},
    "work_mem=4MB": {"work_mem": "'4MB'"},
    "work_mem=256MB": {"work_mem": "'256MB'"},
    "max_parallel_workers_per_gather=0": {"max_parallel_workers_per_gather": "0"},
    "shared_buffers=128MB": {"shared_buffers": "'128MB'"},
    "synchronous_commit=off": {"synchronous_commit": "off"},
    "io_method=sync": {"io_method": "sync"},
    "autovacuum=off": {"autovacuum": "off"},
}
_CREATE = """
    drop table if exists typed, aggregate, loaded;
    create table loaded (
        tconst text, ordering text, nconst text, category text, job text, characters text
    )
"""
_COPY = "copy loaded from stdin with (format csv, delimiter E'\\t', quote E'\\b', null '\\N')"
_STATEMENTS = {
    "index": "create unique index on loaded (tconst, ordering)",
    "typed": """
        create table typed as
        select tconst, ordering::integer, nconst, category, nullif(job, '') as job, characters
        from loaded
        where pg_input_is_valid(ordering, 'integer')
    """,
    "aggregate": """
        create table aggregate as
        select nconst, count(*) as credits, count(distinct category) as roles, min(tconst) as first
        from typed
        group by nconst
    """,
}

Seconds = dict[str, float]


def main() -> None:
    """Print the table."""
    chosen = _chosen()
    pairs: dict[str, list[tuple[Seconds, Seconds]]] = {name: [] for name in chosen}
    with workspace() as space, tempfile.TemporaryDirectory(dir=space.layout.root) as folder:
        parts = _parts(Path(folder))
        servers = {
            sums: EmbeddedPostgres(space.layout.root / f"settings-{sums}", PASSWORD)
            for sums in ("on", "off")
        }
        for server in servers.values():
            server.start()
            server.stop()
        _enable_checksums(servers["on"])
        base = _configuration(servers["off"]).read_text()

        def measured(changes: dict[str, str]) -> Seconds:
            settings = dict(changes)
            server = servers[settings.pop(CHECKSUMS, "off")]
            _configuration(server).write_text(_with(base, settings))
            return _measured(server, parts)

        measured({})  # the files of a new cluster are not there yet
        for number in range(ROUNDS):
            for name in chosen:
                pairs[name].append((measured({}), measured(VARIANTS[name])))
                before, after = (sum(taken.values()) for taken in pairs[name][-1])
                progress(f"round {number + 1}, {name}: {before:.1f} s, then {after:.1f} s")
    bases = [before for found in pairs.values() for before, _ in found]
    print(conditions(f"{ROWS:,} rows of title.principals, median of {ROUNDS} pairs, seconds"))
    print(
        markdown_table(
            ["one setting changed", *STEPS, "all, against base"],
            [
                ["base", *(f"{median(taken[step] for taken in bases):.2f}" for step in STEPS), ""],
                *(_row(name, found) for name, found in pairs.items()),
            ],
        )
    )
    settings = server_settings(memory_bytes(), shared_memory_bytes())
    print(f"The base: {', '.join(f'`{line}`' for line in settings.splitlines())}.")


def _chosen() -> list[str]:
    wanted = os.environ.get("VARIANTS", "").split(",")
    return [name for name in VARIANTS if any(part.strip() in name for part in wanted)]


def _configuration(server: EmbeddedPostgres) -> Path:
    return server.data / "postgresql.auto.conf"


def _enable_checksums(server: EmbeddedPostgres) -> None:
    code, said = find_programs().run("pg_checksums", "--enable", "-D", server.data)
    if code != 0:
        raise LocalError(f"pg_checksums: {said.strip()}")


def _with(base: str, changes: dict[str, str]) -> str:
    return base + "".join(f"{name} = {value}\n" for name, value in changes.items())


def _parts(folder: Path) -> list[Path]:
    """Write the first ROWS lines as two files; they stay in the page cache."""
    paths = [folder / "part-0.tsv", folder / "part-1.tsv"]
    source = sample_files().folder / "title.principals.tsv.gz"
    with igzip.open(source) as packed:
        packed.readline()
        for path in paths:
            with path.open("wb") as file:
                file.writelines(islice(packed, ROWS // 2))
    return paths


def _measured(server: EmbeddedPostgres, parts: list[Path]) -> Seconds:
    """Run all steps on the server, started for it, and stop it; return seconds by step."""
    server.start()
    taken = {}
    try:
        with contextlib.closing(server.connect()) as session:
            session.autocommit = True
            cursor = session.cursor()
            cursor.execute(_CREATE)
            cursor.execute("checkpoint")
            dsn = make_dsn(**{**session.get_dsn_parameters(), "password": PASSWORD})

            def load(path: Path) -> None:
                with (
                    contextlib.closing(psycopg2.connect(dsn)) as own,
                    own,
                    path.open("rb") as file,
                ):
                    own.cursor().copy_expert(_COPY, file, 1 << 20)

            began = time.perf_counter()
            with ThreadPoolExecutor() as pool:
                list(pool.map(load, parts))
            taken["load"] = time.perf_counter() - began
            cursor.execute("analyze loaded")
            for step, statement in _STATEMENTS.items():
                began = time.perf_counter()
                cursor.execute(statement)
                taken[step] = time.perf_counter() - began
    finally:
        server.stop()
    return taken


def _row(name: str, found: list[tuple[Seconds, Seconds]]) -> list[str]:
    steps = [f"{median(after[step] for _, after in found):.2f}" for step in STEPS]
    ratio = median(sum(after.values()) / sum(before.values()) for before, after in found)
    return [f"`{name}`", *steps, f"{ratio:.2f}×"]


if __name__ == "__main__":
    main()
