"""The feeds of the sample over several days: what landed is what the sample knows of itself."""

from datetime import date, timedelta

from include.sample.api.traffic import UNLIMITED, Limits
from include.sample.trakt.faults import fail
from include.sample.trakt.server import TraktServer
from tests.support.postgres import Database
from tests.support.trakt import CLIENT_ID, sync
from trakt_pipeline.content import content_hash
from trakt_pipeline.user_keys import UserKeys

FIRST = date(2031, 3, 3)


def served(day: int) -> TraktServer:
    today = FIRST + timedelta(days=day - 1)
    return TraktServer(150, day, today=today, key=CLIENT_ID, limits=UNLIMITED)


def key_of(keys: UserKeys, author: str) -> str:
    kind, _, name = author.partition(":")
    return keys.of_number(int(name)) if kind == "id" else keys.of_slug(name)


def test_the_feeds_of_three_days_hold_each_comment_in_its_present_state(
    database: Database,
) -> None:
    for day in (1, 2, 3):
        with served(day) as server:
            server.faults.add(fail(502), path="^/comments/recent", times=1)
            server.faults.add(fail(429, html=True), path="^/comments/updates", times=1)
            steps = sync(database.url, server.base_url, f"day {day}", feed_pages=500)
            found = [steps.recent(), steps.updates()]
            assert [figures["complete"] for figures in found] == [True, True]
            assert sum(figures["quarantined"] for figures in found) == 0
            truth = server.truth
    seen = truth.seen(3)
    landed = dict(database.query("select comment_id, content_hash from raw.trakt_comments"))
    subjects = {
        number: rest
        for number, *rest in database.query(
            "select comment_id, level, season, episode from raw.trakt_comments"
        )
    }

    assert seen.keys() <= landed.keys()
    same = [n for n in seen if landed[n] == content_hash(truth.content(n) | {"user": None})]
    assert set(same) == seen.keys()
    assert {n: subjects[n] for n in seen} == {
        n: [comment.level, comment.season, comment.episode] for n, comment in seen.items()
    }
    keys = UserKeys(bytes(database.value("select secret from raw.trakt_user_secret")))
    authors = {truth.author(comment) for comment in seen.values()}
    known = {key for (key,) in database.query("select user_key from raw.trakt_comments")}
    assert {key_of(keys, author) for author in authors} <= known
    assert database.value("select sum(bans) from meta.ingest_log") == 3


def test_the_server_never_counts_more_than_the_window_allows(database: Database) -> None:
    limits = Limits(per_period=3, period=0.5, ban=60)
    with TraktServer(150, 1, today=FIRST, key=CLIENT_ID, limits=limits) as server:
        changed = {"max_requests": 3, "period_seconds": 0.5}
        for run in ("first", "second"):
            sync(database.url, server.base_url, run, **changed).recent()

        assert server.traffic.total > 6
        assert (server.traffic.bans, server.traffic.most_per_period) == (0, 3)
