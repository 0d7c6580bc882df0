"""Titles with comments in the small API of Trakt, and IMDb's published marts beside them."""

import json
from datetime import timedelta
from typing import Any

from tests.support.postgres import Database
from tests.support.trakt import SmallTrakt, comment, sync, user
from trakt_pipeline.sync import TraktSync

RATINGS = {"rating": 8.0, "votes": 55, "distribution": {str(n): n for n in range(1, 11)}}
STATS = {"watchers": 9, "plays": 12, "comments": 3}


def body(content: Any) -> tuple[int, dict[str, str], bytes]:
    """A whole answer."""
    return 200, {"Content-Type": "application/json"}, json.dumps(content).encode()


def title(title_id: int, **changed: Any) -> dict[str, Any]:
    """The details of a title."""
    return {
        "title": f"Title {title_id}",
        "ids": {"trakt": title_id, "imdb": f"tt{title_id:07}", "slug": f"title-{title_id}"},
        "votes": 3,
    } | changed


def add_title(
    trakt: SmallTrakt, level: str, title_id: int, comments: list[Any], *, listed: bool = True
) -> str:
    """Let Trakt have a title with comments on itself; return the path of their list."""
    path = f"{level}s/{title_id}"
    for name in ("movies", "shows"):
        for popularity in ("popular", "trending"):
            trakt.lists.setdefault(f"{name}/{popularity}", [])
    if listed:
        trakt.lists[f"{level}s/popular"].append(title(title_id))
    for name in (str(title_id), f"tt{title_id:07}"):
        trakt.things[f"{level}s/{name}"] = body(title(title_id))
    trakt.things[f"{path}/ratings"] = body(RATINGS)
    trakt.things[f"{path}/stats"] = body(STATS)
    if level == "show":
        trakt.things[f"{path}/seasons"] = body([])
    trakt.lists[f"{path}/comments/oldest"] = comments
    return f"{path}/comments/oldest"


def next_day(trakt: SmallTrakt) -> None:
    """Let the clock of the API be a day later, and forget what was asked."""
    trakt.now += timedelta(days=1)
    trakt.asked.clear()


def publish_imdb(database: Database, *titles: tuple[str, str, int]) -> None:
    """Put titles of IMDb (id, type, votes) into the published marts."""
    database.execute(
        "create table marts.mart_top_titles "
        "(tconst text, title_type text, num_votes integer, is_adult boolean)",
        role="pipeline",
    )
    for each in titles:
        database.execute(
            "insert into marts.mart_top_titles values (%s, %s, %s, false)", *each, role="pipeline"
        )


def known(database: Database, condition: str = "true") -> set[int]:
    """The ids of comments on titles in the warehouse for which a condition holds."""
    found = database.query(
        f"select comment_id from raw.trakt_comments where level <> 'list' and ({condition})"
    )
    return {number for (number,) in found}


def rescan(trakt: SmallTrakt, run: TraktSync) -> dict[str, Any]:
    """Read the newest comments, whose answer has the date, and scan what is due on it.

    The feed has a comment on a list of a user.
    """
    on_list = comment(900, user=user(90))
    trakt.lists["comments/recent/all/all"] = [
        {"type": "list", "list": {"name": "A", "ids": {"trakt": 5}}, "comment": on_list}
    ]
    run.recent()
    return run.rescan()


def run_backfill(url: str, base_url: str, run_id: str) -> None:
    """A backfill by one thread, for a process of its own."""
    sync(url, base_url, run_id, max_at_once=1).backfill(10)
