"""All marts of a folder of files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.oracle.files import read_files
from tests.e2e.oracle.genres import genre_analytics, genre_by_decade
from tests.e2e.oracle.history import RatingsLoad, rating_history, rating_movers
from tests.e2e.oracle.names import title_search
from tests.e2e.oracle.people import parts_of_people, person_career, person_titles
from tests.e2e.oracle.quality import QualityLoad, load_quality
from tests.e2e.oracle.seeds import read_seeds
from tests.e2e.oracle.series import (
    episode_ratings,
    episodes_of_series,
    season_analytics,
    series_analytics,
)
from tests.e2e.oracle.titles import title_genre_ranks, top_titles

KEYS: Mapping[str, tuple[str, ...]] = {
    "mart_top_titles": ("tconst",),
    "mart_title_genre_ranks": ("tconst", "genre"),
    "mart_person_career": ("nconst",),
    "mart_person_titles": ("nconst", "tconst"),
    "mart_genre_analytics": ("genre",),
    "mart_genre_by_decade": ("genre", "release_decade"),
    "mart_series_analytics": ("tconst",),
    "mart_season_analytics": ("series_tconst", "season_number"),
    "mart_episode_ratings": ("tconst",),
    "mart_title_search": ("tconst", "name"),
    "mart_rating_history": ("tconst", "valid_from_load_id"),
    "mart_rating_movers": ("period", "measure", "direction", "mover_rank"),
    "mart_load_quality": ("load_id", "measure", "column_name"),
}


@dataclass(frozen=True, slots=True)
class Mart:
    """A mart's name, its key columns and its rows, each by column name."""

    name: str
    key: tuple[str, ...]
    rows: Sequence[Mapping[str, Any]]


def expected_marts(
    folder: Path,
    seeds: Path,
    reference_year: int,
    ratings_loads: Sequence[RatingsLoad] = (),
    loads: Sequence[QualityLoad] = (),
) -> dict[str, Mart]:
    """Compute the marts of the files in `folder` with the seeds in `seeds`, by name.

    `reference_year` is that of the newest files. `ratings_loads` are all loads of title.ratings so
    far; without any the history is empty. `loads` are all loads of all files.
    """
    files, seed = read_files(folder), read_seeds(seeds)
    titles = top_titles(files, seed)
    top = {row["tconst"]: row for row in titles}
    parts = parts_of_people(files, seed)
    filmographies = person_titles(parts, top)
    best = {row["nconst"]: top[row["tconst"]] for row in filmographies if row["title_rank"] == 1}
    episodes = episodes_of_series(files, seed)
    seasons = season_analytics(files, seed, episodes)
    series = series_analytics(files, seed, episodes, seasons)
    rows = {
        "mart_top_titles": titles,
        "mart_title_genre_ranks": title_genre_ranks(titles),
        "mart_person_career": person_career(files, seed, parts, best, reference_year),
        "mart_person_titles": filmographies,
        "mart_genre_analytics": genre_analytics(files, seed, reference_year),
        "mart_genre_by_decade": genre_by_decade(files, seed),
        "mart_series_analytics": series,
        "mart_season_analytics": seasons,
        "mart_episode_ratings": episode_ratings(files, seed, episodes, seasons, series),
        "mart_title_search": title_search(files),
        "mart_rating_history": rating_history(ratings_loads),
        "mart_rating_movers": rating_movers(ratings_loads, files.titles, seed),
        "mart_load_quality": load_quality(loads),
    }
    return {name: Mart(name, key, rows[name]) for name, key in KEYS.items()}
