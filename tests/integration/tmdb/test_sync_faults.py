"""Whatever the API answers, nothing is deleted, blanked or lost, and the key is nowhere."""

import logging
import signal
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from include.sample.api.answers import SampleAnswer
from include.sample.api.faults import Effect, cut, drop, edit, html, put, reset, slow
from include.sample.tmdb.errors import error
from include.sample.tmdb.faults import fail, shrink
from include.sample.tmdb.server import TmdbServer
from tests.support.leaks import Search
from tests.support.postgres import Database
from tests.support.tmdb import FIRST_DAY, TOKEN, SyncRun, answered, bodies, rows, served
from tmdb_pipeline.dry_run import DryRun
from tmdb_pipeline.sync import Sync
from warehouse.errors import HeldBack, SourceRefused, SourceUnavailable

DETAILS = r"^/(movie|tv|person)/\d"


@pytest.fixture
def server() -> Iterator[TmdbServer]:
    with served(titles=60) as running:
        yield running


@pytest.fixture
def run(database: Database, server: TmdbServer) -> SyncRun:
    return SyncRun(database.url, server.base_url, pages=1)


@pytest.mark.parametrize(
    "effect",
    [fail(429), fail(429, retry_after=0), fail(500), fail(503), html(), html(502), cut(), reset()],
    ids=["429", "429 with Retry-After", "500", "503", "HTML", "HTML 502", "cut", "reset"],
)
def test_a_fault_that_passes_costs_a_request_and_nothing_else(
    server: TmdbServer, run: SyncRun, effect: Effect
) -> None:
    rules = [
        server.faults.add(effect, path=path, times=1)
        for path in ("^/genre/", "^/tv/popular", "^/person/changes", r"^/movie/\d", r"^/person/\d")
    ]

    figures = run.whole()

    assert [rule.hits for rule in rules] == [1] * 5
    assert {(each["failed"], each["quarantined"]) for each in figures.values()} == {(0, 0)}
    assert {figures[kind]["due"] for kind in run.kinds} == {0}
    asked = sum(each["requests"] for each in figures.values())
    assert asked == server.traffic.total == len(answered(server)) + 5


def first_movie(database: Database) -> int:
    return int(database.value("select min(id) from raw.tmdb_items where media_type = 'movie'"))


def test_a_thing_that_cannot_be_had_stays_due_and_does_not_block_the_others(
    database: Database, server: TmdbServer, run: SyncRun
) -> None:
    run.pages_of_lists()
    number = first_movie(database)
    server.faults.add(fail(500), path=f"^/movie/{number}[?]")

    for tries in (1, 2):
        figures = run.details()
        assert (figures["movie"]["failed"], figures["movie"]["due"]) == (1, 1)
        assert database.query(
            "select id, tries, last_error like %s from raw.tmdb_items where due_since is not null",
            "%answered 500.",
        ) == [(number, tries, True)]
    server.faults.clear()
    figures = run.details()

    assert (figures["movie"]["failed"], figures["movie"]["due"]) == (0, 0)
    assert figures["movie"]["answers"] == 1


def test_things_that_fail_come_after_all_others(
    database: Database, server: TmdbServer, run: SyncRun
) -> None:
    run.pages_of_lists()
    movies = [
        number
        for (number,) in database.query(
            "select id from raw.tmdb_items where media_type = 'movie' order by id"
        )
    ]
    server.faults.add(fail(500), path=f"^/movie/({'|'.join(map(str, movies[:3]))})[?]")
    impatient = replace(run, kinds=("movie",), changed={"give_up_after": 3, "max_at_once": 1})

    for _ in range(2):
        with pytest.raises(SourceUnavailable, match="3 things in a row"):
            impatient.details()

    assert rows(database)["tmdb_movies"] == len(movies) - 3


def test_an_outage_ends_the_step_and_the_next_run_goes_on_where_it_was(
    database: Database, server: TmdbServer, run: SyncRun
) -> None:
    run.pages_of_lists()
    server.faults.add(fail(503), path=r"^/movie/\d", after=7)

    with pytest.raises(SourceUnavailable, match=r"in a row failed.*stay due"):
        replace(run, changed={"give_up_after": 5}).details()
    assert rows(database)["tmdb_movies"] == 7
    assert database.value("select count(*) from raw.tmdb_movies_newest") == 7
    server.faults.clear()
    run.details()

    assert database.value("select count(*) from raw.tmdb_items where due_since is not null") == 0
    assert server.traffic.repeated == {}


def test_a_step_that_is_interrupted_ends_its_threads_and_its_batch(
    database: Database, server: TmdbServer, run: SyncRun
) -> None:
    run.pages_of_lists()
    server.faults.add(slow(0.1), path=r"^/movie/\d")
    main = threading.get_ident()

    def interrupt(answer: SampleAnswer) -> SampleAnswer:
        signal.pthread_kill(main, signal.SIGINT)
        return answer

    server.faults.add(interrupt, path=r"^/movie/\d", after=2, times=1)
    with pytest.raises(KeyboardInterrupt):
        run.details()
    asked = server.traffic.total

    assert not [each for each in threading.enumerate() if each.name.startswith("details-")]
    assert rows(database)["tmdb_movies"] < asked
    assert database.value("select count(*) from meta.api_batch_log where load_id is null") == 0
    server.faults.clear()
    assert run.details()["movie"]["due"] == 0
    assert server.traffic.repeated == {}


def test_a_wrong_key_ends_the_step_at_once(database: Database, run: SyncRun) -> None:
    run.pages_of_lists()
    with served(titles=60) as server:
        wrong = replace(run, base_url=server.base_url, changed={"read_token": "wrong"})

        with pytest.raises(SourceRefused, match=r"401.*TMDB_READ_TOKEN"):
            wrong.sync.popular("movie", 5)
        assert server.traffic.total == 1
        with pytest.raises(SourceRefused, match="401"):
            wrong.sync.details("movie")

    assert server.traffic.total <= 1 + wrong.settings.max_at_once
    assert database.value("select count(*) from raw.tmdb_items where tries > 0") == 0


def test_a_list_that_shrinks_ends_where_it_ends(
    database: Database, server: TmdbServer, run: SyncRun
) -> None:
    server.faults.add(shrink(pages=4), path="^/movie/popular")

    replace(run, pages=500).sync.popular("movie", 500)

    pages = database.query("select page from raw.tmdb_lists where kind = 'movie' order by page")
    assert pages == [(1,), (2,), (3,)]
    assert database.value("select completed_at is not null from raw.tmdb_walks")


def test_a_list_ends_at_the_last_page_that_is_served_and_after_two_empty_ones(
    database: Database, server: TmdbServer, run: SyncRun
) -> None:
    server.faults.add(edit(lambda page: page | {"total_pages": 60_000}), path="/popular")
    server.faults.add(lambda _: error(22), path="^/movie/popular.*page=3$")
    server.faults.add(edit(lambda page: page | {"results": []}), path="^/tv/popular.*page=[2-9]$")

    run.sync.popular("movie", 500)
    run.sync.popular("tv", 500)

    asked = [name for name in answered(server) if "popular" in name]
    assert len([name for name in asked if "movie" in name]) == 2
    assert len([name for name in asked if "tv" in name]) == 3


def test_the_best_place_counts_where_a_thing_is_on_two_pages(
    database: Database, server: TmdbServer, run: SyncRun
) -> None:
    kept: list[Any] = []

    def double(page: Any) -> Any:
        kept.extend(page["results"][-1:])
        return page | {"results": [kept[0], *page["results"]]} if page["page"] == 2 else page

    server.faults.add(edit(double), path="^/movie/popular")

    run.sync.popular("movie", 2)

    assert database.query(
        "select list_rank from raw.tmdb_measures where id = %s", kept[0]["id"]
    ) == [(len(bodies(database, "tmdb_lists")[0]["results"]),)]


def test_a_thing_that_is_gone_and_comes_back_loses_no_body(
    database: Database, server: TmdbServer, run: SyncRun
) -> None:
    run.whole()
    number, before = first_movie(database), rows(database)["tmdb_movies"]
    gone = server.faults.add(lambda _: error(34), path=f"^/movie/{number}[?]")

    for name in ("second", "third"):
        figures = replace(run, run_id=name).whole(everything=True)
        assert (figures["movie"]["gone"], figures["movie"]["failed"]) == (1, 0)
    assert database.query("select media_type, id from raw.tmdb_gone") == [("movie", number)]
    assert rows(database)["tmdb_movies"] == before + 1
    assert database.value("select count(*) from raw.tmdb_movies_newest") == before
    assert gone.hits == 2
    server.faults.clear()
    figures = replace(run, run_id="fourth").whole(everything=True)

    assert figures["movie"]["written"] == 1
    assert database.query("select * from raw.tmdb_gone") == []
    with served(today=FIRST_DAY + timedelta(days=15)):
        assert replace(run, run_id="fifth").sync.plan() == {
            kind: {} for kind in run.kinds
        }  # nothing came since, so no day has passed


@pytest.mark.parametrize(
    "effect",
    [html(404), lambda _: SampleAnswer(404, b'{"detail": "Not Found"}')],
    ids=["a page", "another API"],
)
def test_a_404_that_is_not_of_the_api_is_no_answer(
    database: Database, server: TmdbServer, run: SyncRun, effect: Effect
) -> None:
    run.pages_of_lists()
    server.faults.add(effect, path=rf"^/movie/{first_movie(database)}[?]")

    figures = run.details()

    assert (figures["movie"]["gone"], figures["movie"]["failed"]) == (0, 1)
    assert database.query("select * from raw.tmdb_gone") == []


def test_texts_and_money_come_through_as_they_are(
    database: Database, server: TmdbServer, run: SyncRun
) -> None:
    odd = {
        "overview": 'a "b"\n\\n \\"c\\" \t%s é 日',
        "revenue": 2_787_965_087_000,
        "release_date": "",
    }
    server.faults.add(put(**odd), path=r"^/movie/\d")

    run.whole()

    for body in bodies(database, "tmdb_movies"):
        assert odd.items() <= body.items()


@pytest.mark.parametrize(
    ("effect", "path", "rule"),
    [
        (drop("status"), "data.status", "required"),
        (put(budget="much"), "data.budget", "type"),
        (put(overview="a\0b"), "data.overview", "text that Postgres cannot hold"),
        (put(tagline="\ud800"), "data.tagline", "text that Postgres cannot hold"),
    ],
    ids=["a missing key", "another type", "the character zero", "half a character"],
)
def test_an_item_that_breaks_its_contract_is_put_aside_and_the_others_load(
    database: Database, server: TmdbServer, run: SyncRun, effect: Effect, path: str, rule: str
) -> None:
    run.whole()
    number, before = first_movie(database), rows(database)
    server.faults.add(as_ascii(effect), path=f"^/movie/{number}[?]")

    figures = replace(run, run_id="second", changed={"max_quarantined_share": 0.1}).whole(
        everything=True
    )

    assert figures["movie"]["quarantined"] == 1
    (found,) = database.query("select dataset, item_key, path, rule from raw.quarantine")
    assert found[:3] == ("movies", str(number), path)
    assert found[3].startswith(rule)
    assert rows(database) == before | {"quarantine": 1}


def test_a_thing_in_quarantine_is_due_when_its_contract_is_another(
    database: Database, server: TmdbServer, run: SyncRun
) -> None:
    run = replace(run, kinds=("movie",), changed={"max_quarantined_share": 0.1})
    broken = server.faults.add(drop("status"), path=r"^/movie/\d", times=1)
    assert run.whole()["movie"]["quarantined"] == 1
    second = replace(run, run_id="second")
    assert second.sync.plan() == {"movie": {}}

    database.execute(
        "update raw.tmdb_items set last_error = regexp_replace(last_error, '[0-9a-f]{8}:', '0:')"
    )
    assert second.sync.plan() == {"movie": {"age": 1}}
    assert second.details()["movie"]["written"] == 1

    assert broken.hits == 1
    assert database.query("select id from raw.tmdb_items where last_error is not null") == []


def as_ascii(effect: Effect) -> Effect:
    """The effect, with an answer that writes all but ASCII as JSON's escapes."""
    if effect.__qualname__.startswith("fail"):
        return effect

    def apply(answer: SampleAnswer) -> SampleAnswer:
        try:
            return effect(answer)
        except UnicodeEncodeError:
            changed = answer.body.replace(b'"tagline":"', b'"tagline":"\\ud800', 1)
            return replace(answer, body=changed)

    return apply


def test_too_many_broken_items_end_the_run(
    database: Database, server: TmdbServer, run: SyncRun
) -> None:
    run.whole()
    before = rows(database)
    server.faults.add(edit(without_first_title), path="^/movie/popular")

    with pytest.raises(HeldBack, match=r"1 of \d+ items .*TMDB_MAX_QUARANTINED_SHARE"):
        replace(run, run_id="second").sync.popular("movie", 1)

    assert rows(database)["tmdb_items"] == before["tmdb_items"]
    page = bodies(database, "tmdb_lists")[-1]
    first = bodies(database, "tmdb_lists")[0]
    assert page["results"] == first["results"][1:]


def without_first_title(page: Any) -> Any:
    first, *others = page["results"]
    return page | {"results": [{**first, "title": None}, *others]}


@pytest.mark.parametrize("endpoint", ["popular", "changes"])
def test_a_page_that_breaks_its_contract_is_not_taken_for_an_empty_one(
    database: Database, server: TmdbServer, run: SyncRun, endpoint: str
) -> None:
    def steps(sync: Sync) -> None:
        sync.popular("movie", 3)
        sync.changes()

    broken = server.faults.add(drop("results"), path=f"^/movie/{endpoint}", times=1)

    with pytest.raises(HeldBack, match=r"data.results.*contracts/page.json"):
        steps(run.sync)
    assert rows(database)["quarantine"] == 1
    steps(replace(run, run_id="second").sync)

    assert broken.hits == 1
    assert database.value("select count(*) from raw.tmdb_lists where page = 1") == 1
    assert database.value("select count(*) from raw.tmdb_changes where kind = 'movie'") == 1
    assert database.value("select count(*) from raw.tmdb_walks where completed_at is null") == 0


def test_a_window_of_changes_with_too_many_broken_entries_is_read_again(
    database: Database, run: SyncRun
) -> None:
    run.whole()
    number = first_movie(database)
    told = [{"id": str(number), "adult": False}]
    with served(2, titles=60) as server:
        run = replace(run, base_url=server.base_url, kinds=("movie",))
        server.faults.add(edit(lambda page: page | {"results": told}), path="^/movie/changes")
        with pytest.raises(HeldBack, match=r"1 of 1 entries.*read.* again"):
            replace(run, run_id="second").sync.changes()
        told[0]["id"] = number
        replace(run, run_id="third").sync.changes()

    assert database.query("select id from raw.tmdb_items where due_reason = 'changes'") == [
        (number,)
    ]


def test_genres_that_break_their_contract_are_asked_for_again(
    database: Database, server: TmdbServer, run: SyncRun
) -> None:
    server.faults.add(drop("genres"), path="^/genre/movie", times=1)

    with pytest.raises(HeldBack):
        run.sync.genres()
    assert database.query("select kind from raw.tmdb_genres") == [("tv",)]
    replace(run, run_id="second").sync.genres()

    assert rows(database)["tmdb_genres"] == 2


def test_a_dry_run_asks_and_checks_and_writes_nothing(
    database: Database, server: TmdbServer, run: SyncRun, caplog: pytest.LogCaptureFixture
) -> None:
    server.faults.add(drop("name"), path=r"^/person/\d", times=2)
    dry = DryRun(database.url, run.settings)
    caplog.set_level(logging.INFO)

    dry.genres()
    listed = {kind: dry.popular(kind, 1) for kind in run.kinds}
    assert dry.changes()["changed"] == {kind: [] for kind in run.kinds}
    figures = {kind: dry.details(kind, listed[kind]["new"]) for kind in run.kinds}

    assert {kind: each["answers"] for kind, each in figures.items()} == {
        kind: len(each["new"]) for kind, each in listed.items()
    }
    assert figures["person"]["quarantined"] == 2
    assert "breaks its contract: data.name" in caplog.text
    assert set(rows(database).values()) == {0}
    assert database.value("select count(*) from meta.api_batch_log") == 0
    assert database.value("select count(*) from meta.load_log") == 0


def test_the_key_is_in_no_log_no_table_and_no_message(
    database: Database, server: TmdbServer, run: SyncRun, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    search, messages = Search({"the key": TOKEN}), []
    run.whole()
    for effect in (fail(500), fail(429), html(), cut(), reset(), fail(503, retry_after=9_999)):
        server.faults.clear()
        server.faults.add(effect)
        with pytest.raises(SourceUnavailable) as raised:
            replace(run, run_id="failing").sync.popular("movie", 1)
        messages.append(repr(raised.value) + repr(raised.value.__cause__))
    server.faults.clear()
    with served(titles=60) as other:
        other._token = "another"
        with pytest.raises(SourceRefused) as refused:
            replace(run, base_url=other.base_url, run_id="refused").sync.popular("movie", 1)
        messages.append(repr(refused.value))

    assert server.traffic.keys_in_urls == 0
    assert search.names("\n".join([*messages, caplog.text, repr(run.settings)]).encode()) == []
    assert search.tables(database.url_of("postgres"), ("raw", "meta")) == {}


def test_bodies_that_no_check_confirmed_go_when_they_are_too_old(
    database: Database, run: SyncRun
) -> None:
    run.whole()
    database.execute("update raw.tmdb_movies set ingested_at = now() - interval '200 days'")
    database.execute("update raw.tmdb_items set checked_at = now() where media_type = 'movie'")
    before, number = rows(database)["tmdb_movies"], first_movie(database)
    lost = "update raw.tmdb_items set checked_at = now() - interval '190 days' where id = %s"

    assert run.sync.prune()["tmdb_movies"] == 0
    database.execute(lost, number)
    assert run.sync.prune()["tmdb_movies"] == 0  # no model has it
    database.execute(
        "insert into meta.publish_log (source, dag_id, run_id, project_sha256, load_id) "
        "select 'tmdb', 'dag', 'run', 'abc', max(load_id) from meta.load_log"
    )
    database.execute(
        "insert into raw.quarantine (source, dataset, item_key, path, rule, raw_data, batch_id, "
        "ingested_at) select source, 'movies', '1', 'p', 'r', '{}', 1, now() - interval '190 days' "
        "from unnest(array['tmdb', 'another']) as source"
    )
    pruned = run.sync.prune()

    assert (pruned["tmdb_movies"], pruned["quarantine"]) == (1, 1)
    assert database.query("select source from raw.quarantine") == [("another",)]
    assert rows(database)["tmdb_movies"] == before - 1
    assert database.query("select * from raw.tmdb_movies where movie_id = %s", number) == []
    run.sync.plan(everything=True)
    assert run.details()["movie"]["written"] == 1  # an equal answer comes back, of this one only
