"""fact_movies and dim_production_companies."""

from collections import Counter
from collections.abc import Iterable

from tests.e2e.oracle.exact import ratio
from tests.e2e.oracle_tmdb.dates import season
from tests.e2e.oracle_tmdb.keys import date_key, surrogate
from tests.e2e.oracle_tmdb.popular import Days, newest_day
from tests.e2e.oracle_tmdb.seeds import TmdbSeeds
from tests.e2e.oracle_tmdb.things import Row, Thing, Things
from tests.e2e.oracle_tmdb.values import text


def released_movies(things: Things) -> list[Thing]:
    """Return the movies of now that are released."""
    return [each for each in things.all_now("movie") if each.columns["status"] == "Released"]


def fact_movies(released: Iterable[Thing], days: Days, seeds: TmdbSeeds) -> list[Row]:
    """Return one row per released movie."""
    return [_fact(movie, days, seeds) for movie in released]


def _fact(movie: Thing, days: Days, seeds: TmdbSeeds) -> Row:
    columns = movie.columns
    budget, revenue = columns["budget_usd"], columns["revenue_usd"]
    release_date = columns["release_date"]
    day = newest_day(days, "movie", movie.id)
    profit = None
    if counted(budget, seeds) is not None and counted(revenue, seeds) is not None:
        profit = revenue - budget
    return {
        "movie_sk": surrogate("movie", movie.id),
        "movie_id": movie.id,
        "tconst": columns["imdb_id"],
        "date_sk": date_key(release_date),
        "genre_sk": surrogate("movie", movie.genres[0].id) if movie.genres else None,
        "company_sk": surrogate("company", movie.companies[0].id) if movie.companies else None,
        "title": columns["title"],
        "original_language": columns["original_language"],
        "runtime_minutes": columns["runtime_minutes"],
        "budget_usd": budget,
        "revenue_usd": revenue,
        "is_adult": columns["is_adult"],
        "release_date": release_date,
        "release_year": release_date and release_date.year,
        "release_season": season(release_date),
        "profit_usd": profit,
        "roi_pct": None if profit is None else ratio(100 * profit, budget, 2),
        "budget_tier": _budget_tier(counted(budget, seeds), seeds),
        "profitability_flag": _flag(profit),
        "vote_average": day.vote_average,
        "vote_count": day.vote_count,
        "popularity_score": day.popularity,
    }


def counted(amount: int | None, seeds: TmdbSeeds) -> int | None:
    """Return the amount, or None where it is no more than a mistake."""
    return None if amount is None or amount < seeds.money_floor else amount


def _budget_tier(budget: int | None, seeds: TmdbSeeds) -> str:
    if budget is None:
        return "Unknown"
    (tier,) = (
        name
        for name, lower, upper in seeds.budget_tiers
        if lower <= budget and (upper is None or budget < upper)
    )
    return tier


def _flag(profit: int | None) -> str:
    if profit is None:
        return "Unknown"
    return "Profitable" if profit > 0 else "Not Profitable"


def dim_production_companies(
    things: Things, released: Iterable[Thing], seeds: TmdbSeeds
) -> list[Row]:
    """Return one row per company of any movie."""
    totals = Counter(
        company.id
        for movie in released
        if not movie.columns["is_adult"]
        for company in movie.companies
    )
    newest_first = sorted(things.movies.values(), key=lambda each: each.order, reverse=True)
    rows: dict[int, Row] = {}
    for movie in newest_first:
        for company in movie.companies:
            country = text(company.body.get("origin_country"))
            rows.setdefault(
                company.id,
                {
                    "company_sk": surrogate("company", company.id),
                    "company_id": company.id,
                    "company_name": company.name,
                    "origin_country": country,
                    "region": seeds.regions.get(country or "", "Unknown"),
                    "total_movies": totals[company.id],
                    "studio_tier": _studio_tier(totals[company.id], seeds),
                },
            )
    return list(rows.values())


def _studio_tier(movies: int, seeds: TmdbSeeds) -> str:
    reached = [(least, name) for name, least in seeds.studio_tiers if least <= movies]
    return max(reached)[1]
