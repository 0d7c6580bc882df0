"""The backfill: which titles it begins, what it asks for, and where it stops."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.postgres import Database
from tests.support.trakt import SmallTrakt, comment, entry, small_trakt, sync
from tests.support.trakt_titles import add_title, body, known, next_day, publish_imdb, rescan, title
from warehouse.errors import SourceUnavailable

ERROR = (500, {"Content-Type": "text/html"}, b"")


@pytest.fixture
def trakt() -> Iterator[SmallTrakt]:
    with small_trakt(recent=[], updates=[]) as api:
        yield api


def paths(trakt: SmallTrakt) -> list[str]:
    return sorted({path for path, _ in trakt.asked})


def backfill(database: Database, trakt: SmallTrakt, most: int = 100, **changed: Any) -> Any:
    return sync(database.url, trakt.base_url, **({"max_at_once": 2} | changed)).backfill(most)


def test_the_most_voted_titles_of_imdb_are_looked_up_once_each(
    database: Database, trakt: SmallTrakt
) -> None:
    publish_imdb(
        database,
        ("tt0000001", "movie", 50),
        ("tt0000002", "tvSeries", 900),
        ("tt0000003", "movie", 10),
        ("tt0000004", "tvEpisode", 5000),
        ("tt0000005", "short", 70),
    )
    add_title(trakt, "movie", 1, [comment(11)])
    add_title(trakt, "show", 2, [comment(21)])

    first = backfill(database, trakt, 3)

    assert paths(trakt) == [
        *("movies/1/comments/oldest", "movies/1/ratings", "movies/1/stats"),
        *("movies/tt0000001", "movies/tt0000005"),
        *("shows/2/comments/oldest", "shows/2/ratings", "shows/2/seasons", "shows/2/stats"),
        "shows/tt0000002",
    ]
    assert len(trakt.asked) == len(set(trakt.asked)) == 10
    assert (first["new"], first["complete"], first["due"]) == (2, True, 0)
    assert database.query(
        "select imdb_id, level, title_id from raw.trakt_titles_asked order by imdb_id"
    ) == [("tt0000001", "movie", 1), ("tt0000002", "show", 2), ("tt0000005", "movie", None)]

    trakt.asked.clear()
    backfill(database, trakt, 3)
    assert paths(trakt) == ["movies/tt0000003"]


def test_a_title_that_could_not_be_looked_up_is_looked_up_by_the_next_run(
    database: Database, trakt: SmallTrakt
) -> None:
    publish_imdb(database, ("tt0000001", "movie", 50), ("tt0000002", "movie", 40))
    for number in (1, 2):
        add_title(trakt, "movie", number, [comment(number)])
    trakt.failing = {("movies/tt0000001", None)}

    figures = backfill(database, trakt)
    assert (figures["complete"], figures["failed"]) == (False, 1)
    assert known(database) == {2}

    trakt.failing.clear()
    assert backfill(database, trakt)["complete"]
    assert known(database) == {1, 2}


def test_marts_of_imdb_without_a_title_are_as_none(database: Database, trakt: SmallTrakt) -> None:
    publish_imdb(database)
    add_title(trakt, "movie", 1, [comment(1)])
    backfill(database, trakt)
    assert known(database) == {1}


def test_without_imdb_the_titles_are_those_of_the_lists(
    database: Database, trakt: SmallTrakt
) -> None:
    for number in (1, 2, 3):
        add_title(trakt, "movie", number, [comment(number * 10)])
    add_title(trakt, "show", 4, [comment(40)])
    trakt.lists["shows/trending"] = [{"watchers": 9, "show": title(4)}, {"broken": True}]
    add_title(trakt, "show", 5, [comment(50)], listed=False)
    trakt.lists["shows/trending"].append({"watchers": 8, "show": title(5)})

    backfill(database, trakt, 2)
    assert known(database) == {10, 40}
    backfill(database, trakt, 100)
    assert known(database) == {10, 20, 30, 40, 50}
    # With all its details, which a list does not have.
    assert database.value("select count(*) from raw.trakt_titles") == 5


def test_the_most_voted_come_first_and_in_a_rescan_the_most_active(
    database: Database, trakt: SmallTrakt
) -> None:
    publish_imdb(database, ("tt0000001", "movie", 900), ("tt0000002", "movie", 50))
    lists = [add_title(trakt, "movie", number, [comment(number)]) for number in (1, 2)]

    backfill(database, trakt, max_at_once=1)
    assert [path for path, _ in trakt.asked if path in lists] == lists
    next_day(trakt)
    rescan(trakt, sync(database.url, trakt.base_url, rescan_days=1, max_at_once=1))
    assert [path for path, _ in trakt.asked if path in lists] == lists[::-1]


def test_parts_of_a_show_are_scanned_where_they_have_comments(
    database: Database, trakt: SmallTrakt
) -> None:
    add_title(trakt, "show", 7, [])
    trakt.things["shows/7/seasons"] = body(
        [
            {"number": 0, "comment_count": 0, "episodes": [{"season": 0, "number": 1}]},
            {
                "number": 1,
                "episodes": [
                    {"season": 1, "number": 1, "comment_count": 1},
                    {"season": 1, "number": 2, "comment_count": 0},
                ],
            },
        ]
    )
    trakt.lists["shows/7/seasons/1/comments/oldest"] = [comment(71)]
    trakt.lists["shows/7/seasons/1/episodes/1/comments/oldest"] = [comment(72)]

    backfill(database, trakt)

    assert database.query(
        "select comment_id, level, title_id, season, episode from raw.trakt_comments order by 1"
    ) == [(71, "season", 7, 1, None), (72, "episode", 7, 1, 1)]
    assert not [path for path in paths(trakt) if "seasons/0" in path or "episodes/2" in path]


def test_titles_of_the_feeds_follow_in_the_number_that_is_asked_for(
    database: Database, trakt: SmallTrakt
) -> None:
    publish_imdb(database, ("tt0000009", "videoGame", 1))
    for number in (1, 2, 3):
        add_title(trakt, "movie", number, [comment(number * 10)], listed=False)
    trakt.lists["comments/recent/all/all"] = [
        entry(comment(number * 10), number) for number in (3, 2, 1)
    ]
    run = sync(database.url, trakt.base_url)
    run.recent()

    backfill(database, trakt, 0)
    assert [path for path in paths(trakt) if path.startswith("movies")] == []
    backfill(database, trakt, 2)
    # Those with the newest comments.
    assert [path for path in paths(trakt) if path.endswith("oldest")] == [
        "movies/2/comments/oldest",
        "movies/3/comments/oldest",
    ]


def test_replies_are_asked_for_where_the_count_is_not_what_is_known(
    database: Database, trakt: SmallTrakt
) -> None:
    path = add_title(trakt, "movie", 1, [comment(1, replies=2), comment(2, replies=1), comment(3)])
    trakt.lists["comments/1/replies"] = [comment(4, parent_id=1), comment(5, parent_id=1)]
    trakt.lists["comments/2/replies"] = [comment(6, parent_id=2)]
    # It is counted, and no answer has it.
    trakt.hidden = {6}

    backfill(database, trakt)
    assert sorted(path for path in paths(trakt) if path.endswith("replies")) == [
        "comments/1/replies",
        "comments/2/replies",
    ]
    assert database.query("select level, title_id from raw.trakt_comments where parent_id = 1") == [
        ("movie", 1),
        ("movie", 1),
    ]

    next_day(trakt)
    backfill(database, trakt)
    assert not [path for path in paths(trakt) if path.endswith("replies")]

    # One reply left.
    trakt.lists[path][0] = comment(1, replies=1)
    del trakt.lists["comments/1/replies"][0]
    for _ in range(2):
        next_day(trakt)
        rescan(trakt, sync(database.url, trakt.base_url, rescan_days=1))
        assert [path for path in paths(trakt) if path.endswith("replies")] == ["comments/1/replies"]
    assert known(database, "check_due_since is not null") == {4}


def test_what_fails_stays_due_and_many_failures_in_a_row_end_the_step(
    database: Database, trakt: SmallTrakt
) -> None:
    for number in range(1, 5):
        path = add_title(trakt, "movie", number, [])
        trakt.things[path] = ERROR

    with pytest.raises(SourceUnavailable, match="3 in a row failed"):
        backfill(database, trakt, give_up_after=3, max_at_once=1)
    assert database.value("select sum(tries) from raw.trakt_units") == 3
    assert database.query("select is_complete, pages_landed from meta.ingest_log") == [(False, 0)]

    for number in range(1, 5):
        del trakt.things[f"movies/{number}/comments/oldest"]
    figures = backfill(database, trakt)
    assert (figures["complete"], figures["due"]) == (True, 0)


def test_an_answer_that_breaks_its_contract_is_put_aside_and_not_asked_for_again(
    database: Database, trakt: SmallTrakt
) -> None:
    publish_imdb(database, ("tt0000001", "movie", 50), ("tt0000002", "tvSeries", 40))
    add_title(trakt, "movie", 1, [])
    add_title(trakt, "show", 2, [comment(1)])
    trakt.things["movies/tt0000001"] = body({"title": "No ids"})
    trakt.things["shows/2/ratings"] = body({"rating": "many"})
    trakt.things["shows/2/seasons"] = body([{"number": "first"}])

    figures = backfill(database, trakt, max_quarantined_share=1.0)

    assert figures["quarantined"] == 3
    assert database.query("select dataset, item_key from raw.quarantine order by 1") == [
        ("ratings", "show 2"),
        ("seasons", "2"),
        ("titles", "tt0000001"),
    ]
    assert known(database) == {1}
    trakt.asked.clear()
    backfill(database, trakt, max_quarantined_share=1.0)
    assert trakt.asked == []


def test_an_answer_with_the_same_content_has_no_row_and_one_that_is_gone_has(
    database: Database, trakt: SmallTrakt
) -> None:
    add_title(trakt, "movie", 1, [comment(1)])
    backfill(database, trakt)
    next_day(trakt)
    trakt.things["movies/1"] = body(title(1, votes=4))
    run = sync(database.url, trakt.base_url, rescan_days=1)
    rescan(trakt, run)
    assert database.value("select count(*) from raw.trakt_titles") == 1
    assert "movies/1/stats" in paths(trakt)

    next_day(trakt)
    del trakt.things["movies/1"]
    rescan(trakt, run)
    next_day(trakt)
    rescan(trakt, run)
    assert database.query("select http_status from raw.trakt_titles order by answer_id") == [
        (200,),
        (404,),
    ]
