"""Which COPY options load IMDb's quotes and backslashes unaltered, and how fast.

Makes the sample's title.principals, title.akas and title.basics, loads each with each set of
options into a temporary table and compares what is read back.
"""

import os
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from statistics import median

import psycopg2
from isal import igzip
from psycopg2 import sql

from bench.report import conditions, markdown_table
from bench.workspace import workspace
from imdb_pipeline.config import dataset_named
from include.sample.maker import make_sample
from warehouse.raw.dataset import Dataset

TITLES = int(os.environ.get("TITLES", "20000"))
REPEATS = 3
OPTIONS = {
    "text": "format text, delimiter E'\\t', null '\\N'",
    "csv, default quote": "format csv, delimiter E'\\t', null '\\N'",
    "csv, quote E'\\b'": "format csv, delimiter E'\\t', quote E'\\b', escape E'\\b', null '\\N'",
}


def main() -> None:
    """Print the table."""
    rows = []
    with workspace() as space, closing(psycopg2.connect(space.main().url)) as connection:
        folder = space.layout.root / "files"
        make_sample(folder, titles=TITLES)
        for name in ("title.principals", "title.akas", "title.basics"):
            dataset = dataset_named(name)
            plain = folder / "plain.tsv"
            with igzip.open(folder / dataset.file_name) as packed:
                packed.readline()
                plain.write_bytes(packed.read())
            rows += [
                [name, f"`{label}`", *_tried(connection, dataset, plain, options)]
                for label, options in OPTIONS.items()
            ]
    print(conditions(f"the sample of {TITLES:,} titles, median of {REPEATS}"))
    print(markdown_table(["file", "options", "outcome", "rows/s", "MB/s"], rows))


def _tried(
    connection: psycopg2.extensions.connection, dataset: Dataset, plain: Path, options: str
) -> list[str]:
    seconds = []
    for _ in range(REPEATS):
        with connection.cursor() as cursor, plain.open("rb") as file:
            cursor.execute(
                sql.SQL("create temporary table tried ({})").format(
                    sql.SQL(", ").join(
                        sql.SQL("{} text").format(sql.Identifier(column))
                        for column in dataset.table_columns
                    )
                )
            )
            started = time.perf_counter()
            try:
                cursor.copy_expert(f"copy tried from stdin with ({options})", file)
            except psycopg2.DataError as error:
                connection.rollback()
                return [f"fails: {error.diag.message_primary}", "", ""]
            seconds.append(time.perf_counter() - started)
            altered, count = _altered(cursor, plain), cursor.rowcount
            connection.rollback()
    outcome = "unaltered" if altered == 0 else f"{altered:,} rows altered or lost"
    taken = median(seconds)
    return [outcome, f"{count / taken:,.0f}", f"{plain.stat().st_size / 1e6 / taken:.0f}"]


def _altered(cursor: psycopg2.extensions.cursor, plain: Path) -> int:
    cursor.execute("select * from tried")
    read_back = [
        "\t".join("\\N" if field is None else field for field in row) for row in cursor.fetchall()
    ]
    written = plain.read_text("utf-8").removesuffix("\n").split("\n")
    return (Counter(written) - Counter(read_back)).total()


if __name__ == "__main__":
    main()
