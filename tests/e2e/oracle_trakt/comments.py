"""Titles, comments and the days on which their numbers moved."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from tests.e2e.oracle_trakt.answers import Row, TraktAnswers
from tests.e2e.oracle_trakt.values import (
    count,
    imdb_id,
    moment,
    monday,
    objects,
    part,
    release,
    rounded,
    score,
    text,
    utc_day,
    whole,
)

Releases = Mapping[tuple[Any, ...], date | None]


def kind_of(level: str) -> str:
    return "movie" if level == "movie" else "show"


def key_of(level: str, title_id: int) -> str:
    return f"{kind_of(level)}-{title_id}"


def titles(answers: TraktAnswers, years: range) -> list[Row]:
    """Return dim_trakt_titles."""
    seen = {
        (kind_of(comment["level"]), comment["title_id"])
        for comment in answers.comments.values()
        if comment["level"] != "list"
    }
    return [_title(answers, kind, number, years) for kind, number in seen | set(answers.titles)]


def _title(answers: TraktAnswers, kind: str, number: int, years: range) -> Row:
    body, at = answers.titles.get((kind, number), ({}, None))
    ids = part(body, "ids")
    tconst = imdb_id(ids.get("imdb"))
    rating, votes = answers.imdb.get(tconst or "", (None, None))
    genres = body.get("genres")
    names = [each for each in genres if text(each)] if isinstance(genres, list) else []
    return {
        "title_key": f"{kind}-{number}",
        "kind": kind,
        "title_id": number,
        "slug": text(ids.get("slug")),
        "tconst": tconst,
        "tmdb_id": whole(ids.get("tmdb")),
        **{
            name: text(body.get(name))
            for name in ("title", "status", "country", "language", "network")
        },
        "genres": names or None,
        "year": count(body.get("year")),
        "runtime_minutes": count(body.get("runtime")) or None,
        "imdb_rating": rounded(rating, 1),
        "imdb_votes": votes,
        "has_details": at is not None,
        "is_in_imdb": rating is not None,
        "released_on": release(body.get("released" if kind == "movie" else "first_aired"), years),
        "answered_at": at,
    }


def episodes(answers: TraktAnswers, years: range) -> dict[tuple[int, int, int], Row]:
    """Return title and release of the episodes in answers, by show, season and number."""
    found: dict[tuple[int, int, int], Row] = {}
    for (show,), (body, _) in answers.seasons.items():
        for season in objects(body):
            for episode in objects(season.get("episodes")):
                numbers = count(season.get("number")), count(episode.get("number"))
                if numbers[0] is not None and numbers[1] is not None:
                    row = {
                        "episode_title": text(episode.get("title")),
                        "released_on": release(episode.get("first_aired"), years),
                    }
                    found.setdefault((show, numbers[0], numbers[1]), row)
    return found


def releases(answers: TraktAnswers, years: range) -> Releases:
    """Return the release of each title, season and episode that has an answer."""
    found: dict[tuple[Any, ...], date | None] = {}
    for row in titles(answers, years):
        found[(row["kind"], row["title_id"], None, None)] = row["released_on"]
    for (show,), (body, _) in answers.seasons.items():
        for season in objects(body):
            number = count(season.get("number"))
            if number is not None:
                aired = release(season.get("first_aired"), years)
                found.setdefault(("season", show, number, None), aired)
    for (show, season_number, episode), row in episodes(answers, years).items():
        found[("episode", show, season_number, episode)] = row["released_on"]
    return found


def comments(answers: TraktAnswers, years: range) -> list[Row]:
    """Return fct_comment."""
    dates = releases(answers, years)
    states: dict[int, list[Row]] = defaultdict(list)
    for state in sorted(answers.states, key=lambda row: (row["first_seen"], row["content_hash"])):
        states[state["comment_id"]].append(state)
    rows = []
    for number, known in answers.comments.items():
        if known["level"] != "list":
            row = _comment(known, states[number], dates)
            if row:
                rows.append(row)
    return rows


def _comment(known: Row, states: list[Row], dates: Releases) -> Row | None:
    current = next(s for s in states if s["content_hash"] == known["content_hash"])
    body = current["raw_data"]
    created_at = moment(body.get("created_at"))
    if created_at is None:
        return None
    released_on = dates.get((known["level"], known["title_id"], known["season"], known["episode"]))
    created_on, gone_on = utc_day(created_at), utc_day(known["gone_at"])
    assert created_on
    week = monday(created_on)
    same = ("comment_id", "parent_id", "user_key", "level", "title_id", "season", "episode",
            "is_private_user", "is_deleted_user", "first_seen_at", "gone_at")  # fmt: skip
    return {
        **{name: known[name] for name in same},
        "title_key": key_of(known["level"], known["title_id"]),
        "kind": kind_of(known["level"]),
        "language": text(body.get("language")),
        "words": current["words"],
        "likes": count(body.get("likes")),
        "replies": count(body.get("replies")),
        "rating_at_first_sight": score(states[0]["raw_data"].get("user_rating")),
        "rating": score(body.get("user_rating")),
        "age_days": (created_on - released_on).days if released_on else None,
        "is_reply": known["parent_id"] is not None,
        "is_review": body.get("review") is True,
        "is_spoiler": body.get("spoiler") is True,
        "is_hidden": known["hidden_at"] is not None,
        "is_anticipation": created_on < released_on if released_on else None,
        "counts_now": gone_on is None,
        "counts_in_week": gone_on is None or gone_on > week + timedelta(6),
        "created_at": created_at,
        "created_on": created_on,
        "created_week": week,
        "updated_at": moment(body.get("updated_at")),
        "gone_on": gone_on,
        "released_on": released_on,
    }


def likes_daily(answers: TraktAnswers) -> list[Row]:
    """Return fct_comment_likes_daily."""
    days: dict[int, list[Row]] = defaultdict(list)
    for row in sorted(answers.days, key=lambda row: row["observed_on"]):
        days[row["comment_id"]].append(row)
    rows = []
    for number, measured in days.items():
        known = answers.comments[number]
        if known["level"] == "list":
            continue
        for place, row in enumerate(measured):
            before = measured[place - 1] if place else None
            ends = [each["observed_on"] for each in measured[place + 1 : place + 2]]
            gone_on = utc_day(known["gone_at"])
            ends += [gone_on] if gone_on else []
            rows.append(
                {
                    "comment_id": number,
                    "day": row["observed_on"],
                    "title_key": key_of(known["level"], known["title_id"]),
                    "likes": row["likes"],
                    "replies": row["replies"],
                    "rating": row["user_rating"],
                    "likes_change": _change(row, before, "likes"),
                    "replies_change": _change(row, before, "replies"),
                    "previous_day": before and before["observed_on"],
                    "until_day": min(ends, default=None),
                }
            )
    return rows


def _change(row: Row, before: Row | None, name: str) -> int | None:
    if before is None or row[name] is None or before[name] is None:
        return None
    return int(row[name] - before[name])
