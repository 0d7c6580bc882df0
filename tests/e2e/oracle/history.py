"""mart_rating_history and mart_rating_movers, from the ratings file of every load."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.e2e.oracle.files import Rating, Title, read_ratings
from tests.e2e.oracle.seeds import Seeds

Row = dict[str, Any]

_PERIODS = (("last load", None), ("7 days", timedelta(days=7)), ("30 days", timedelta(days=30)))


@dataclass(frozen=True, slots=True)
class RatingsLoad:
    """A load of title.ratings as the ledger has it, and the folder that its file is in."""

    load_id: int
    loaded_at: datetime
    folder: Path


def rating_history(loads: Sequence[RatingsLoad]) -> list[Row]:
    """Return one row per title and version; `loads` are all loads, in order."""
    rows: list[Row] = []
    open_rows: dict[str, Row] = {}
    for load in loads:
        ratings = read_ratings(load.folder)
        for tconst in open_rows.keys() | ratings.keys():
            was, now = open_rows.get(tconst), ratings.get(tconst)
            if was is not None:
                if now == Rating(was["average_rating"], was["num_votes"]):
                    continue
                was["valid_to_load_id"], was["valid_to"] = load.load_id, load.loaded_at
                was["is_current"], was["is_removed"] = False, now is None
                del open_rows[tconst]
            if now is not None:
                open_rows[tconst] = _opened(tconst, now, load)
                rows.append(open_rows[tconst])
    return rows


def _opened(tconst: str, rating: Rating, load: RatingsLoad) -> Row:
    return {
        "rating_version_id": f"{tconst}-{load.load_id}",
        "tconst": tconst,
        "valid_from_load_id": load.load_id,
        "valid_to_load_id": None,
        "average_rating": rating.average,
        "num_votes": rating.votes,
        "is_current": True,
        "is_removed": False,
        "valid_from": load.loaded_at,
        "valid_to": None,
    }


def rating_movers(
    loads: Sequence[RatingsLoad], titles: Mapping[str, Title], seeds: Seeds
) -> list[Row]:
    """Return the movers of each list, in order; `titles` are those of the newest title.basics."""
    files = [(load.loaded_at, read_ratings(load.folder)) for load in loads]
    # A load that changed no rating is no load to compare with.
    files = [file for at, file in enumerate(files) if at == 0 or file[1] != files[at - 1][1]]
    if not files:
        return []
    end, now = files[-1]
    rows: list[Row] = []
    for period, span in _PERIODS:
        start = end - (span or timedelta(microseconds=1))
        earlier = [ratings for loaded_at, ratings in files if loaded_at <= start]
        if not earlier:
            continue
        moves = list(_moves(earlier[-1], now, titles))
        for measure in ("rating", "votes"):
            rows += [
                {"period": period, "measure": measure, "period_start": start, "period_end": end}
                | move
                for move in _lists(moves, measure, seeds)
            ]
    return rows


def _moves(
    before: Mapping[str, Rating], now: Mapping[str, Rating], titles: Mapping[str, Title]
) -> Iterable[Row]:
    for tconst in before.keys() & now.keys():
        old, new, title = before[tconst], now[tconst], titles.get(tconst)
        if title and title.adult:
            continue
        yield {
            "tconst": tconst,
            "primary_title": title.primary_title if title else None,
            "title_type": title.title_type if title else None,
            "start_year": title.start_year if title else None,
            "rating_before": old.average,
            "rating_now": new.average,
            "rating_change": _difference(new.average, old.average),
            "votes_before": old.votes,
            "votes_now": new.votes,
            "votes_change": _difference(new.votes, old.votes),
        }


def _difference(one: Any, other: Any) -> Any:
    return None if one is None or other is None else one - other


def _lists(moves: Iterable[Row], measure: str, seeds: Seeds) -> Iterable[Row]:
    """The list of those that rose and the list of those that fell, with their places."""
    change = f"{measure}_change"
    moved = [move for move in moves if move[change]]
    if measure == "rating":
        moved = [move for move in moved if _has_votes(move, seeds.thresholds["movers_least_votes"])]
    moved.sort(key=lambda move: (-abs(move[change]), _votes_now(move), move["tconst"]))
    for direction in ("rose", "fell"):
        of_list = [move for move in moved if (move[change] > 0) == (direction == "rose")]
        for rank, move in enumerate(of_list[: seeds.thresholds["movers_per_list"]], 1):
            yield {"direction": direction, "mover_rank": rank} | move


def _votes_now(move: Row) -> tuple[bool, int]:
    """Most votes first, unknown ones last."""
    return move["votes_now"] is None, -(move["votes_now"] or 0)


def _has_votes(move: Row, least: int) -> bool:
    return all(
        move[votes] is not None and move[votes] >= least for votes in ("votes_before", "votes_now")
    )
