"""The KPIs: of genres, of years and of single movies."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.e2e.oracle.exact import mean, median, ratio, rounded
from tests.e2e.oracle_tmdb.films import counted
from tests.e2e.oracle_tmdb.popular import less
from tests.e2e.oracle_tmdb.seeds import TmdbSeeds
from tests.e2e.oracle_tmdb.things import Row

_MILLION = 1_000_000
_OF_FACT = """
    movie_sk movie_id title release_year revenue_usd budget_usd roi_pct vote_average vote_count
"""


def of_no_adults(facts: Iterable[Row]) -> list[Row]:
    """Return the rows of fact_movies that KPIs count."""
    return [row for row in facts if not row["is_adult"]]


def kpi_genre_performance(
    movies: Sequence[Row], bridge: Iterable[Row], genres: Iterable[Row], seeds: TmdbSeeds
) -> list[Row]:
    """Return one row per genre; `bridge` and `genres` are of the marts of these names."""
    by_id = {row["movie_id"]: row for row in movies}
    names = {row["genre_id"]: row["genre_name"] for row in genres if row["kind"] == "movie"}
    of_genre: dict[int, list[Row]] = defaultdict(list)
    weights: dict[int, Decimal] = defaultdict(Decimal)
    for row in bridge:
        if row["movie_id"] in by_id:
            of_genre[row["genre_id"]].append(by_id[row["movie_id"]])
            weights[row["genre_id"]] += row["weight"]
    rows: list[Row] = []
    for genre_id, found in of_genre.items():
        rois = [row["roi_pct"] for row in found if row["roi_pct"] is not None]
        revenues, rated = _amounts(found, "revenue_usd", seeds), _ratings(found, seeds)
        (genre_sk,) = {row["genre_sk"] for row in genres if _is_of(row, genre_id)}
        rows.append(
            {
                "genre_sk": genre_sk,
                "genre_id": genre_id,
                "genre_name": names[genre_id],
                "total_movies": len(found),
                "avg_revenue_millions": _millions(revenues),
                "revenue_movies": len(revenues),
                "roi_movies": len(rois),
                "rated_movies": len(rated),
                "avg_roi_pct": mean(rois, 2),
                "median_roi_pct": median(rois, 2),
                "roi_rank": None,
                "avg_rating": mean(rated, 2),
                "share": ratio(weights[genre_id], sum(weights.values(), Decimal()), 6),
            }
        )
    _rank(rows, "roi_rank", _roi_order, lambda row: row["avg_roi_pct"] is not None)
    return rows


def _is_of(row: Row, genre_id: int) -> bool:
    return (row["kind"], row["genre_id"]) == ("movie", genre_id)


def _roi_order(row: Row) -> tuple[Any, ...]:
    return -row["avg_roi_pct"], -row["roi_movies"], row["genre_id"]


def kpi_yearly_trends(
    movies: Iterable[Row], bridge: Iterable[Row], genres: Iterable[Row], seeds: TmdbSeeds
) -> list[Row]:
    """Return one row per release year."""
    names = {row["genre_id"]: row["genre_name"] for row in genres if row["kind"] == "movie"}
    genres_of: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for row in bridge:
        genres_of[row["movie_id"]].append((names[row["genre_id"]], row["genre_id"]))
    years: dict[int, list[Row]] = defaultdict(list)
    for row in movies:
        if row["release_year"] is not None:
            years[row["release_year"]].append(row)
    rows: dict[int, Row] = {}
    for year, found in sorted(years.items()):
        counts = Counter(genre for row in found for genre in genres_of[row["movie_id"]])
        top = min(counts, key=lambda genre: (-counts[genre], genre), default=None)
        row = {
            "release_year": year,
            "total_movies_released": len(found),
            "avg_budget_millions": _millions(_amounts(found, "budget_usd", seeds)),
            "avg_revenue_millions": _millions(_amounts(found, "revenue_usd", seeds)),
            "avg_rating": mean(_ratings(found, seeds), 2),
            "top_genre": top and top[0],
            "top_genre_movies": top and counts[top],
        }
        before: Mapping[str, Any] = rows.get(year - 1, {})
        for what in ("budget", "revenue"):
            column = f"avg_{what}_millions"
            row[f"yoy_{what}_change_millions"] = less(row[column], before.get(column))
        rows[year] = row
    return list(rows.values())


def kpi_top_movies(movies: Sequence[Row], seeds: TmdbSeeds) -> list[Row]:
    """Return one row per movie that has a rank."""
    prior = int(seeds.settings["tmdb_rating_prior_votes"])
    mean_of_all = mean(_ratings(movies, seeds), 3)
    rows = []
    for movie in movies:
        row = {name: movie[name] for name in _OF_FACT.split()}
        row["profit_usd"] = movie["profit_usd"]
        row["weighted_rating"] = None
        if _is_rated(movie, seeds) and mean_of_all is not None:
            votes = movie["vote_count"]
            points = votes * Fraction(movie["vote_average"]) + prior * Fraction(mean_of_all)
            row["weighted_rating"] = rounded(points / (votes + prior), 4)
        rows.append(row)
    _rank(
        rows,
        "revenue_rank_all_time",
        lambda row: (-row["revenue_usd"], *_most_votes(row), row["movie_id"]),
        lambda row: counted(row["revenue_usd"], seeds) is not None,
    )
    for row in rows:
        row["revenue_rank_in_year"] = None
    for year in {row["release_year"] for row in rows} - {None}:
        _rank(
            [row for row in rows if row["release_year"] == year],
            "revenue_rank_in_year",
            lambda row: row["revenue_rank_all_time"],
            lambda row: row["revenue_rank_all_time"] is not None,
        )
    _rank(
        rows,
        "roi_rank",
        lambda row: (-row["roi_pct"], -row["profit_usd"], row["movie_id"]),
        lambda row: row["roi_pct"] is not None,
    )
    _rank(
        rows,
        "rating_rank",
        lambda row: (-row["weighted_rating"], *_most_votes(row), row["movie_id"]),
        lambda row: row["weighted_rating"] is not None,
    )
    ranks = ("revenue_rank_all_time", "roi_rank", "rating_rank")
    for row in rows:
        del row["profit_usd"]
    return [row for row in rows if any(row[rank] is not None for rank in ranks)]


def _most_votes(row: Row) -> tuple[bool, int]:
    """Most votes first, unknown ones last."""
    return row["vote_count"] is None, -(row["vote_count"] or 0)


def _rank(
    rows: Iterable[Row],
    column: str,
    order: Callable[[Row], Any],
    is_ranked: Callable[[Row], bool],
) -> None:
    """Fill in the ranks 1 to n of the rows that have one."""
    ranked = []
    for row in rows:
        row[column] = None
        if is_ranked(row):
            ranked.append(row)
    for rank, row in enumerate(sorted(ranked, key=order), 1):
        row[column] = rank


def _amounts(movies: Iterable[Row], column: str, seeds: TmdbSeeds) -> list[int]:
    return [row[column] for row in movies if counted(row[column], seeds) is not None]


def _millions(amounts: Sequence[int]) -> Decimal | None:
    return ratio(sum(amounts), _MILLION * len(amounts), 2)


def _ratings(movies: Iterable[Row], seeds: TmdbSeeds) -> list[Decimal]:
    return [row["vote_average"] for row in movies if _is_rated(row, seeds)]


def _is_rated(movie: Row, seeds: TmdbSeeds) -> bool:
    votes = movie["vote_count"]
    return votes is not None and votes >= seeds.least_votes and movie["vote_average"] is not None
