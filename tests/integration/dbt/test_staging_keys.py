"""A key that a file gives twice stays once, whichever way the rows come."""

from itertools import permutations
from pathlib import Path

import pytest

from tests.support.dbt import run_dbt
from tests.support.postgres import Database

COLUMNS = "tconst, title_type, primary_title, start_year, is_adult, genres"
# Of each key the first row is the one that sorts first by the table's columns from left to right:
# numbers by size and NULL last, false before true, lists element by element.
Row = tuple[str, str, str | None, str, str | None]
ROWS: dict[str, list[Row]] = {
    "tt01": [
        ("movie", "Twice", "999", "1", "Drama"),
        ("movie", "Twice", "1000", "0", "Comedy"),
        ("movie", "Twice", None, "0", "Action"),
    ],
    "tt02": [
        ("movie", "Twice", "999", "0", "Drama"),
        ("movie", "Twice", "999", "1", "Action"),
    ],
    "tt03": [
        ("movie", "Twice", None, "0", "Drama,War"),
        ("movie", "Twice", None, "0", "Drama,Zoo"),
        ("movie", "Twice", None, "0", "War"),
    ],
    "tt04": [("movie", "Zebra", None, "0", None), ("movie", "apple", None, "0", None)],
    "tt05": [("movie", "Once", "2001", "0", None)],
}


@pytest.mark.parametrize("order", list(permutations(range(3)))[::2])
def test_the_row_that_sorts_first_stays(
    database: Database, tmp_path: Path, order: tuple[int, ...]
) -> None:
    for key, rows in ROWS.items():
        for position in order:
            if position < len(rows):
                database.execute(
                    f"insert into raw.imdb_title_basics ({COLUMNS}) "
                    "values (%s, %s, %s, %s, %s, %s)",
                    key,
                    *rows[position],
                )

    done = run_dbt(database, "run", "--select", "stg_title_basics")

    assert done.exit_code == 0, done.output
    kept = database.query(
        "select tconst, primary_title, start_year, is_adult, array_to_string(genres, ',') "
        "from staging.stg_title_basics order by tconst"
    )
    assert kept == [
        (key, rows[0][1], rows[0][2] and int(rows[0][2]), rows[0][3] == "1", rows[0][4])
        for key, rows in ROWS.items()
    ]
    assert database.query(
        "select count(*) from pg_index "
        "where indrelid = 'staging.stg_title_basics'::regclass and indisprimary"
    ) == [(1,)]
