"""dim_dates, and what is said of a day elsewhere."""

from calendar import day_name, month_name
from collections.abc import Iterator
from datetime import date, timedelta

from tests.e2e.oracle_tmdb.keys import date_key
from tests.e2e.oracle_tmdb.popular import Days
from tests.e2e.oracle_tmdb.seeds import TmdbSeeds
from tests.e2e.oracle_tmdb.things import Row, Things

_SEASONS = ("Winter", "Spring", "Summer", "Fall")


def season(day: date | None) -> str | None:
    """Return the season; December belongs to the winter."""
    return None if day is None else _SEASONS[day.month % 12 // 3]


def dim_dates(things: Things, days: Days, seeds: TmdbSeeds) -> list[Row]:
    """Return one row per day, from the first to the last of the data."""
    found = sorted(_days(things, days))
    if not found:
        return []
    first_month = int(seeds.settings["tmdb_fiscal_year_first_month"])
    length = (found[-1] - found[0]).days + 1
    return [_row(found[0] + timedelta(days=at), first_month) for at in range(length)]


def _days(things: Things, days: Days) -> Iterator[date]:
    for movie in things.movies.values():
        yield from filter(None, [movie.columns["release_date"]])
    for show in things.shows.values():
        yield from filter(None, [show.columns["first_air_date"], show.columns["last_air_date"]])
    for of_thing in days.values():
        yield from (each.day for each in of_thing)


def _row(day: date, first_month: int) -> Row:
    begun = first_month > 1 and day.month >= first_month
    return {
        "date_sk": date_key(day),
        "calendar_date": day,
        "year": day.year,
        "quarter": (day.month + 2) // 3,
        "month": day.month,
        "day_of_month": day.day,
        "iso_week": day.isocalendar().week,
        "month_name": month_name[day.month],
        "weekday_name": day_name[day.weekday()],
        "weekday": day.isoweekday(),
        "is_weekend": day.isoweekday() >= 6,
        "season": season(day),
        "fiscal_year": day.year + begun,
        "fiscal_quarter": (day.month - first_month) % 12 // 3 + 1,
    }
