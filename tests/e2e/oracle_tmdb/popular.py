"""What the lists and the details say of each day: popular marts and fact_daily_measures."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from tests.e2e.oracle.exact import ratio
from tests.e2e.oracle_tmdb.answers import OracleMeasure
from tests.e2e.oracle_tmdb.history import NAMES, KnownFor
from tests.e2e.oracle_tmdb.keys import date_key, surrogate
from tests.e2e.oracle_tmdb.things import Row, Thing, Things
from tests.e2e.oracle_tmdb.values import rounded

_SHOW = """
    name original_name original_language status show_type genres networks seasons episodes
    is_in_production is_adult first_air_date last_air_date
"""
_PERSON = "name gender known_for_department place_of_birth is_adult birthday deathday"
_MOVIE = """
    title original_title original_language status genres runtime_minutes budget_usd revenue_usd
    is_adult release_date
"""
_MOST_POPULAR, _BEST = 999_999_999, 10


@dataclass(frozen=True, slots=True)
class Day:
    """A row of stg_tmdb__measures."""

    day: date
    popularity: Decimal | None
    vote_average: Decimal | None
    vote_count: int | None
    list_rank: int | None


NO_DAY = Day(date.min, None, None, None, None)
Days = Mapping[tuple[str, int], Sequence[Day]]


def days_of(measures: Iterable[OracleMeasure]) -> dict[tuple[str, int], list[Day]]:
    """Return the days of each thing, in order."""
    days: dict[tuple[str, int], list[Day]] = {}
    for each in sorted(measures, key=lambda each: each.day):
        popularity = _within(each.popularity, _MOST_POPULAR)
        average = _within(each.vote_average, _BEST) if each.vote_count else None
        days.setdefault((each.media_type, each.id), []).append(
            Day(
                each.day,
                rounded(popularity, 4),
                rounded(average, 3),
                each.vote_count,
                each.list_rank,
            )
        )
    return days


def _within(value: Decimal | None, most: int) -> Decimal | None:
    return value if value is not None and 0 <= value <= most else None


def newest_day(days: Days, media_type: str, number: int) -> Day:
    """Return the newest day of a thing, or one with nothing in it."""
    return days[media_type, number][-1] if (media_type, number) in days else NO_DAY


def dim_popular_shows(things: Things, days: Days) -> list[Row]:
    """Return one row per show that was ever listed."""
    return _popular("tv", "tconst", _SHOW, things, days)


def popular_movies(things: Things, days: Days) -> list[Row]:
    """Return one row per movie that was ever listed."""
    rows = _popular("movie", "tconst", _MOVIE, things, days)
    for row in rows:
        del row["is_listed_now"]
    return rows


def dim_popular_people(things: Things, days: Days, known: Mapping[int, KnownFor]) -> list[Row]:
    """Return one row per person who was ever listed."""
    rows = _popular("person", "nconst", _PERSON, things, days)
    for row in rows:
        of_list = known.get(row["person_id"])
        row["known_for_titles"] = of_list and of_list.titles
        del row["vote_average"], row["vote_count"]
    return rows


def _popular(media_type: str, imdb: str, columns: str, things: Things, days: Days) -> list[Row]:
    last = max(
        (
            each.day
            for (kind, _), of_thing in days.items()
            for each in of_thing
            if kind == media_type and each.list_rank is not None
        ),
        default=None,
    )
    rows = []
    for thing in things.all_now(media_type):
        listed = [
            each for each in days.get((media_type, thing.id), ()) if each.list_rank is not None
        ]
        if listed:
            rows.append(
                {
                    f"{NAMES[media_type]}_sk": surrogate(media_type, thing.id),
                    f"{NAMES[media_type]}_id": thing.id,
                    imdb: thing.columns["imdb_id"],
                    **{name: thing.columns[name] for name in columns.split()},
                    **_places(listed, last),
                    **measured(newest_day(days, media_type, thing.id)),
                }
            )
    return rows


def _places(listed: Sequence[Day], last: date | None) -> Row:
    return {
        "best_rank": min(each.list_rank for each in listed if each.list_rank is not None),
        "latest_rank": listed[-1].list_rank,
        "days_listed": len(listed),
        "is_listed_now": listed[-1].day == last,
        "first_listed_on": listed[0].day,
        "last_listed_on": listed[-1].day,
    }


def measured(day: Day) -> Row:
    """Return the numbers of a day by their names in the marts."""
    return {
        "popularity": day.popularity,
        "vote_average": day.vote_average,
        "vote_count": day.vote_count,
    }


def fact_daily_measures(days: Days) -> list[Row]:
    """Return one row per thing and day."""
    return [
        {
            "media_type": media_type,
            "id": number,
            "day": day.day,
            "date_sk": date_key(day.day),
            **measured(day),
            "list_rank": day.list_rank,
            "previous_day": before and before.day,
            "popularity_change": before and less(day.popularity, before.popularity),
            "vote_count_change": before and less(day.vote_count, before.vote_count),
            "list_rank_change": before and less(before.list_rank, day.list_rank),
        }
        for (media_type, number), of_thing in days.items()
        for before, day in zip([None, *of_thing], of_thing, strict=False)
    ]


def less(one: Any, other: Any) -> Any:
    """Return the difference; None where either is None."""
    return None if one is None or other is None else one - other


def link_mart(
    things: Things, days: Days, ratings: Mapping[str, Row], people: set[str]
) -> list[Row]:
    """Return mart_tmdb_imdb_link; `ratings` and `people` are of IMDb's published marts."""
    return [
        _link(thing, newest_day(days, thing.media_type, thing.id), ratings, people)
        for thing in things.all_now("movie", "tv", "person")
    ]


def _link(thing: Thing, day: Day, ratings: Mapping[str, Row], people: set[str]) -> Row:
    is_person, imdb = thing.media_type == "person", thing.columns["imdb_id"]
    rating = {} if is_person else ratings.get(imdb, {})
    average, votes = (None, None) if is_person else (day.vote_average, day.vote_count)
    imdb_rating, imdb_votes = rating.get("average_rating"), rating.get("num_votes")
    return {
        "media_type": thing.media_type,
        "id": thing.id,
        "name": thing.name,
        "tconst": None if is_person else imdb,
        "nconst": imdb if is_person else None,
        "linked_by": thing.linked_by,
        "is_linked": imdb in people if is_person else imdb in ratings,
        "tmdb_rating": average,
        "tmdb_votes": votes,
        "imdb_rating": imdb_rating,
        "imdb_votes": imdb_votes,
        "rating_gap": less(average, imdb_rating),
        "vote_ratio": None if votes is None or not imdb_votes else ratio(votes, imdb_votes, 4),
    }
