"""The measures of engagement: of a title, of its weeks, of an episode."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from fractions import Fraction
from statistics import median
from typing import Any

from tests.e2e.oracle_trakt.answers import Row, TraktAnswers, TraktSeeds
from tests.e2e.oracle_trakt.values import count, monday, ratio, rounded, total


def grouped(rows: Iterable[Row], key: Callable[[Row], Any]) -> dict[Any, list[Row]]:
    found = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


def counts(comments: list[Row]) -> Row:
    """Return the counts and ratios that the three marts share, of comments that count."""
    tops = sum(not row["is_reply"] for row in comments)
    aged = [row for row in comments if row["age_days"] is not None]
    ratings = [row["rating_at_first_sight"] for row in comments]
    rated = sum(rating is not None for rating in ratings)
    users = Counter(row["user_key"] for row in comments if row["user_key"] is not None)
    authored, squares = users.total(), sum(n * n for n in users.values())
    likes = total(row["likes"] for row in comments)
    return {
        "comments": len(comments),
        "top_level_comments": tops,
        "replies": len(comments) - tops,
        "reviews": sum(row["is_review"] for row in comments),
        "spoilers": sum(row["is_spoiler"] for row in comments),
        "anticipation_comments": sum(row["age_days"] < 0 for row in aged) if aged else None,
        "likes": likes,
        "rated_comments": rated,
        "rating_sum": total(ratings),
        "authored_comments": authored,
        "breadth": len(users),
        "sum_squared_user_comments": squares,
        "effective_breadth": ratio(authored**2, squares),
        "intensity": ratio(authored, len(users)),
        "reply_depth": ratio(len(comments) - tops, tops),
        "appreciation": ratio(likes, tops),
        "avg_rating": ratio(total(ratings), rated),
    }


def weekly(comments: list[Row]) -> list[Row]:
    """Return mart_title_engagement_weekly."""
    counting = [row for row in comments if row["counts_in_week"]]
    weeks = grouped(counting, lambda row: (row["title_key"], row["created_week"]))
    return [
        {
            "title_key": key,
            "week": week,
            "iso_week": "{}-W{:02}".format(*week.isocalendar()),
            "kind": rows[0]["kind"],
            "title_id": rows[0]["title_id"],
            **counts(rows),
        }
        for (key, week), rows in weeks.items()
    ]


def episode_engagement(
    comments: list[Row], episodes: Mapping[tuple[int, int, int], Row]
) -> list[Row]:
    """Return mart_episode_engagement."""
    about = [row for row in comments if row["level"] == "episode"]
    found = grouped(about, lambda row: (row["title_id"], row["season"], row["episode"]))
    rows = []
    for (show, season, episode), group in found.items():
        here = [row for row in group if row["counts_now"]]
        ages = [row["age_days"] for row in here if row["age_days"] is not None]
        known = episodes.get((show, season, episode), {})
        rows.append(
            {
                "title_key": f"show-{show}",
                "season": season,
                "episode": episode,
                "title_id": show,
                "episode_title": known.get("episode_title"),
                **counts(here),
                "gone_comments": len(group) - len(here),
                "first_week_comments": sum(0 <= age <= 6 for age in ages) if ages else None,
                "released_on": known.get("released_on"),
            }
        )
    return rows


def title_engagement(
    answers: TraktAnswers, seeds: TraktSeeds, titles: list[Row], comments: list[Row]
) -> list[Row]:
    """Return mart_title_engagement."""
    by_title = grouped(comments, lambda row: row["title_key"])
    rows = []
    for title in titles:
        key = (title["kind"], title["title_id"])
        watchers = count((answers.stats.get(key, ({}, None))[0]).get("watchers"))
        seen = by_title.get(title["title_key"])
        here = [row for row in seen or () if row["counts_now"]]
        row = {
            **{name: title[name] for name in ("title_key", "kind", "title_id", "title")},
            **counts(here),
            "hidden_comments": sum(row["is_hidden"] for row in here),
            "gone_comments": len(seen or ()) - len(here),
            "reach_normalised_breadth": None,
            **_durability(title, here, answers.today, seeds.thresholds),
            **_activity(title, here, answers.today),
            **_hold_up(here, seeds.thresholds),
            "anticipation_users": _anticipating(here),
            "first_comment_on": min((row["created_on"] for row in here), default=None),
            "last_comment_on": max((row["created_on"] for row in here), default=None),
        }
        row["reach_normalised_breadth"] = ratio(row["breadth"], watchers, 8)
        del row["avg_rating"]
        if seen is None:
            kept = ("title_key", "kind", "title_id", "title")
            row = {name: value if name in kept else None for name, value in row.items()}
        rows.append(row | {"watchers": watchers, "released_on": title["released_on"]})
    return rows


def _durability(title: Row, here: list[Row], today: date, limits: Mapping[str, int]) -> Row:
    year = timedelta(limits["durability_days"])
    base, waiting = [], []
    for row in here:
        if row["age_days"] is not None and 0 <= row["age_days"] < year.days:
            settles = [day + year for day in (row["released_on"], title["released_on"]) if day]
            if title["released_on"] and max(settles) <= today:
                base.append(row["age_days"])
            if max(settles) > today:
                waiting.append(max(settles))
    enough = len(base) >= limits["durability_least_comments"]
    late = sum(age >= limits["durability_from_days"] for age in base)
    return {
        "d30_base_comments": len(base) if enough else None,
        "d30_comments": late if enough else None,
        "durability_d30": ratio(late, len(base)) if enough else None,
        "half_life_days": rounded(Fraction(median(base)), 1) if enough else None,
        "next_settled_on": min(waiting, default=None),
    }


def _activity(title: Row, here: list[Row], today: date) -> Row:
    began = title["released_on"]
    if began is None or began > today:
        return dict.fromkeys(("weeks_since_release", "active_weeks", "active_week_share"))
    weeks = (monday(today) - monday(began)).days // 7 + 1
    active = {
        row["created_week"]
        for row in here
        if row["created_on"] >= began
        and row["created_week"] <= monday(today)
        and not row["is_anticipation"]
    }
    return {
        "weeks_since_release": weeks,
        "active_weeks": len(active),
        "active_week_share": ratio(len(active), weeks),
    }


def _hold_up(here: list[Row], limits: Mapping[str, int]) -> Row:
    def rated(first: int, end: int) -> list[int]:
        return [
            row["rating_at_first_sight"]
            for row in here
            if row["rating_at_first_sight"] is not None
            and row["age_days"] is not None
            and first <= row["age_days"] < end
        ]

    early = rated(0, limits["hold_up_early_days"])
    late = rated(limits["hold_up_late_from_days"], limits["hold_up_late_to_days"])
    found = None
    if min(len(early), len(late)) >= limits["hold_up_least_ratings"]:
        found = Fraction(sum(late), len(late)) - Fraction(sum(early), len(early))
    return {
        "early_ratings": len(early),
        "early_rating_sum": total(early),
        "late_ratings": len(late),
        "late_rating_sum": total(late),
        "hold_up": rounded(found, 4),
    }


def _anticipating(here: list[Row]) -> int | None:
    if all(row["age_days"] is None for row in here):
        return None
    users = {row["user_key"] for row in here if row["is_anticipation"]}
    return len(users - {None})


def quadrants(engagement: list[Row], seeds: TraktSeeds) -> list[Row]:
    """Return mart_engagement_quadrants."""
    least = seeds.thresholds["quadrant_least_users"]
    rows = []
    for title in engagement:
        if not title["breadth"]:
            continue
        ranked = [
            other
            for other in engagement
            if other["kind"] == title["kind"] and (other["breadth"] or 0) >= least
        ]
        same = ("title_key", "kind", "title_id", "title", "breadth", "effective_breadth",
                "intensity", "durability_d30")  # fmt: skip
        row = {name: title[name] for name in same}
        for measure in ("breadth", "intensity"):
            smaller = sum(other[measure] < title[measure] for other in ranked)
            is_ranked = title["breadth"] >= least
            row[f"{measure}_percentile"] = (
                ratio(100 * smaller, len(ranked) - 1, 2) if is_ranked else None
            )
        row["quadrant"] = next(
            label
            for label, bounds in seeds.quadrants
            if all(_within(row[measure], *each) for measure, each in bounds.items())
        )
        rows.append(row)
    return rows


def _within(value: Any, lower: Any, upper: Any) -> bool:
    return (
        value is not None and (lower is None or value >= lower) and (upper is None or value < upper)
    )
