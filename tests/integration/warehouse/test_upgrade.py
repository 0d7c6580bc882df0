"""A warehouse of the first version becomes one of today when include/sql is applied to it."""

from include.local.warehouse import apply_schema
from tests.support.postgres import Database

LEDGER_OF_THE_FIRST_VERSION = """
    alter table meta.load_log
        drop source cascade, drop origin, drop dag_id, drop history_begins cascade,
        alter snapshot_sha256 set not null, alter bytes set not null;
    alter table meta.column_log drop source;
    create index load_log_dataset on meta.load_log (dataset, load_id desc);
"""
LOADS = """
    insert into meta.load_log (dataset, snapshot_sha256, url, rows, rows_inserted, rows_updated,
        rows_deleted, bytes, seconds, run_id, changes_kept)
    values
        ('title.crew', 'a', 'https://datasets.imdbws.com/title.crew.tsv.gz', 1, 1, 0, 0, 9, 1, 'a', true),
        ('title.ratings', 'b', 'http://127.0.0.1:9/sample-20000/title.ratings.tsv.gz', 2, 2, 0, 0, 9, 1, 'a', true),
        ('title.ratings', 'c', 'http://127.0.0.1:8/sample-20000/title.ratings.tsv.gz', 2, 1, 0, 1, 9, 1, 'b', true),
        ('title.ratings', 'd', 'http://127.0.0.1:9/folder-0a1b/title.ratings.tsv.gz', 2, 1, 1, 1, 9, 1, 'c', true),
        ('title.crew', 'e', 'https://files.example:8443/title.crew.tsv.gz', 1, 0, 1, 0, 9, 1, 'd', true);
    insert into meta.column_log (load_id, dataset, column_name, rows, nulls)
    values (1, 'title.crew', 'directors', 1, 0);
    insert into raw.imdb_title_ratings_changes values
        (2, 'inserted', true, 'tt1', '5.0', '10'),
        (2, 'inserted', true, 'tt2', '6.0', '20'),
        (3, 'inserted', true, 'tt3', '7.0', '30'),
        (3, 'deleted', false, 'tt2', '6.0', '20'),
        (4, 'updated', false, 'tt3', '7.0', '30'),
        (4, 'updated', true, 'tt3', '9.0', '40'),
        (4, 'inserted', true, 'tt4', '8.0', '50'),
        (4, 'deleted', false, 'tt1', '5.0', '10');
"""  # noqa: E501 - a row a line


def upgrade(database: Database) -> None:
    """Apply the DDL twice, as two starts do."""
    for _ in range(2):
        with database.session("postgres") as connection:
            apply_schema(connection)


def test_old_loads_get_their_source_their_origin_and_their_histories(database: Database) -> None:
    database.execute(LEDGER_OF_THE_FIRST_VERSION + LOADS)

    upgrade(database)

    assert database.query(
        "select load_id, source, dag_id, origin, history_begins from meta.load_log order by 1"
    ) == [
        (1, "imdb", "imdb_pipeline", "imdb", True),
        (2, "imdb", "imdb_pipeline", "sample-20000", True),
        (3, "imdb", "imdb_pipeline", "sample-20000", False),
        (4, "imdb", "imdb_pipeline", "folder-0a1b", True),
        (5, "imdb", "imdb_pipeline", "files.example", True),
    ]
    assert database.query("select source, dataset from meta.column_log") == [("imdb", "title.crew")]
    nullable = (
        "select attname from pg_attribute where attrelid = 'meta.load_log'::regclass "
        "and attnum > 0 and not attnotnull and not attisdropped order by 1"
    )
    assert [name for (name,) in database.query(nullable)] == [
        "bytes", "etag", "last_modified", "origin", "snapshot_sha256", "url",
    ]  # fmt: skip


def test_ratings_of_two_origins_become_two_histories(database: Database) -> None:
    database.execute(LEDGER_OF_THE_FIRST_VERSION + LOADS)

    upgrade(database)

    assert database.query(
        "select change, is_new, tconst, average_rating from raw.imdb_title_ratings_changes "
        "where load_id = 4 order by tconst"
    ) == [("inserted", True, "tt3", "9.0"), ("inserted", True, "tt4", "8.0")]
    assert database.value("select count(*) from raw.imdb_title_ratings_changes") == 6
    kept = database.query("select load_id from meta.load_log where not changes_kept")
    assert kept == [(4,)], "what read the older loads reads this one whole"


def test_ratings_of_one_origin_stay_as_they_are(database: Database) -> None:
    database.execute(
        LEDGER_OF_THE_FIRST_VERSION + LOADS + "delete from meta.load_log where load_id = 4"
    )
    held = "select * from raw.imdb_title_ratings_changes where load_id < 4 order by load_id, tconst"
    before = database.query(held)

    upgrade(database)

    assert database.query(held) == before
