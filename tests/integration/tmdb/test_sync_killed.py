"""A sync that is killed at any moment, or that is not alone, asks for nothing twice."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import psycopg2
import pytest

from include.sample.api.faults import slow
from tests.support.moments import Moment, exit_code_of_killed, started
from tests.support.postgres import Database
from tests.support.tmdb import SyncRun, answered, rows, run_whole, served
from tmdb_pipeline.config import MOVIES
from tmdb_pipeline.landing import write_answer
from warehouse.errors import WarehouseUnavailable
from warehouse.http.api_client import ApiAnswer
from warehouse.http.contracts import Breach
from warehouse.raw.api_batch import ApiRun, api_batch, end_killed, quarantined_share
from warehouse.raw.quarantine import QuarantinedItem, quarantine

_COMMIT, _THREAD = "^commit$", "commit in a thread"
_PAGE, _BODY = r'insert into "raw"\."tmdb_lists"', r'insert into "raw"\."tmdb_movies"'
_LEDGER = r"insert into meta\.load_log"
_DETAILS = "tmdb_pipeline.client:TmdbClient.details"

MOMENTS = {
    "lists: a page has come": Moment("after", ("tmdb_pipeline.client:TmdbClient.popular",)),
    "lists: a page is written, not committed": Moment("before", (_PAGE, _PAGE, _COMMIT)),
    "lists: a page is committed": Moment("after", (_PAGE, _COMMIT)),
    "lists: the batch is ended, not committed": Moment("before", (_PAGE, _LEDGER, _COMMIT)),
    "changes: a page is committed": Moment(
        "after", (r'insert into "raw"\."tmdb_changes"', _COMMIT)
    ),
    "details: an answer has come": Moment("after", (_DETAILS, _DETAILS, _DETAILS)),
    "landing: a body is written, not committed": Moment("after", (_BODY, _BODY, _BODY)),
    "landing: a body is committed": Moment("after", (_BODY, _BODY, _BODY, _THREAD)),
    "details: the batch is ended, not committed": Moment("before", (_BODY, _LEDGER, _COMMIT)),
}


def got(database: Database) -> set[tuple[str, int]]:
    """The things and pages that were committed."""
    things = database.query(
        "select media_type, id from raw.tmdb_items where checked_at is not null"
    )
    pages = database.query(
        "select kind || '/popular', page from raw.tmdb_lists "
        "union all select 'genre/' || kind || '/list', 0 from raw.tmdb_genres"
    )
    return {*things, *pages}


def times_asked(server_requests: dict[str, int], thing: tuple[str, int]) -> int:
    kind, number = thing
    if kind.startswith("genre"):
        return server_requests.get(f"/{kind}?language=en-US", 0)
    if kind.endswith("popular"):
        return server_requests.get(f"/{kind}?language=en-US&page={number}", 0)
    return sum(
        count
        for name, count in server_requests.items()
        if name.startswith(f"/{kind}/{number}?append_to_response")
    )


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_what_was_got_before_a_kill_is_not_asked_for_again(
    database: Database, moment: Moment
) -> None:
    with served(titles=60) as server:
        run = SyncRun(database.url, server.base_url)

        assert exit_code_of_killed(moment, run_whole, run) == -9
        before = got(database)
        replace(run, run_id="continued").whole()
        requests = answered(server)

    assert {thing for thing in before if times_asked(requests, thing) != 1} == set()
    assert database.value("select count(*) from raw.tmdb_items where due_since is not null") == 0
    assert database.value("select count(*) from meta.api_batch_log where load_id is null") == 0
    counted = rows(database)
    for name in ("movies", "shows", "people", "lists"):
        newest = database.value(f"select count(*) from raw.tmdb_{name}_newest")
        assert newest == counted[f"tmdb_{name}"], name


def test_two_syncs_at_once_share_the_work(database: Database) -> None:
    with served(titles=200) as server:
        runs = [SyncRun(database.url, server.base_url, run_id=name) for name in ("one", "two")]
        processes = [started(run_whole, run) for run in runs]
        for process in processes:
            process.join(timeout=120)
        repeated = {name for name in server.traffic.repeated if "append_to_response" in name}

    assert [process.exitcode for process in processes] == [0, 0]
    assert repeated == set()
    assert database.value("select count(*) from raw.tmdb_items where due_since is not null") == 0
    doubled = database.query("select movie_id from raw.tmdb_movies group by 1 having count(*) > 1")
    assert doubled == []


@pytest.mark.parametrize(
    ("limits", "seconds"), [({"max_per_second": 40.0}, 0.0), ({"max_at_once": 3}, 0.03)]
)
def test_a_limit_holds_over_two_processes(
    database: Database, limits: dict[str, float], seconds: float
) -> None:
    """As the server counts: requests in any second, and requests that are open at once."""
    with served(titles=100) as server:
        server.faults.add(slow(seconds), path=r"^/(movie|tv|person)/\d")
        runs = [
            SyncRun(database.url, server.base_url, name, pages=1, changed=limits)
            for name in ("one", "two")
        ]
        processes = [started(run_whole, run) for run in runs]
        for process in processes:
            process.join(timeout=120)

    assert [process.exitcode for process in processes] == [0, 0]
    assert server.traffic.total > 60
    if "max_at_once" in limits:
        assert server.traffic.most_at_once == 3
    else:
        assert 20 < server.traffic.most_per_second <= 40


def test_a_kill_does_not_lose_how_many_items_were_checked_and_quarantined(
    database: Database,
) -> None:
    run = ApiRun("tmdb_pipeline", "killed", "sample")
    bad = QuarantinedItem("1", Breach("data.id", "required"), "{}", datetime.now(UTC))
    with database.session() as owner, database.session() as other:
        with suppress(psycopg2.Error), api_batch(owner, MOVIES, run, patience=0) as batch:
            batch.checked = 10
            with owner, owner.cursor() as cursor:
                quarantine(cursor, batch, bad)
            database.execute("select pg_terminate_backend(%s, 5000)", owner.info.backend_pid)
        assert end_killed(other, MOVIES, patience=0) == [batch.batch_id]
        with other, other.cursor() as cursor:
            assert quarantined_share(cursor, "tmdb", run) == (1, 10)


def test_nothing_is_written_into_a_batch_that_another_process_ended(database: Database) -> None:
    run = ApiRun("tmdb_pipeline", "lost", "sample")
    answer = ApiAnswer("http://sample/movie/1", 404, b"", {}, datetime.now(UTC))
    with database.session() as owner, database.session() as other:
        with suppress(psycopg2.Error), api_batch(owner, MOVIES, run, patience=0) as batch:
            database.execute("select pg_terminate_backend(%s, 5000)", owner.info.backend_pid)
            assert end_killed(other, MOVIES, patience=0) == [batch.batch_id]
        with (
            pytest.raises(WarehouseUnavailable, match="was ended by another process"),
            other,
            other.cursor() as cursor,
        ):
            write_answer(cursor, batch, (1,), answer, "", None)

    assert rows(database)["tmdb_movies"] == 0
    assert database.value("select count(*) from meta.load_log") == 1
