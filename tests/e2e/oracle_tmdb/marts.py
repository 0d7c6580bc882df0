"""All marts of TMDb, and the history of its genres."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from tests.e2e.oracle.marts import Mart
from tests.e2e.oracle_tmdb import films, genres, history, kpis, popular
from tests.e2e.oracle_tmdb.answers import Answers
from tests.e2e.oracle_tmdb.credits import bridge_person_project
from tests.e2e.oracle_tmdb.dates import dim_dates
from tests.e2e.oracle_tmdb.seeds import read_seeds
from tests.e2e.oracle_tmdb.things import Row, things_of

KEYS: Mapping[str, tuple[str, ...]] = {
    "dim_popular_shows": ("show_id",),
    "dim_popular_people": ("person_id",),
    "popular_movies": ("movie_id",),
    "dim_movies_history": ("movie_id", "effective_date"),
    "dim_shows_history": ("show_id", "effective_date"),
    "dim_people_history": ("person_id", "effective_date"),
    "bridge_person_project": ("credit_id",),
    "dim_dates": ("calendar_date",),
    "dim_genres": ("kind", "genre_id"),
    "dim_production_companies": ("company_id",),
    "fact_movies": ("movie_id",),
    "bridge_movie_genre": ("movie_id", "genre_id"),
    "fact_daily_measures": ("media_type", "id", "day"),
    "kpi_genre_performance": ("genre_id",),
    "kpi_yearly_trends": ("release_year",),
    "kpi_top_movies": ("movie_id",),
    "mart_tmdb_imdb_link": ("media_type", "id"),
}


@dataclass(frozen=True, slots=True)
class ImdbMarts:
    """What is read of IMDb's published marts: ratings by tconst, and the credited people."""

    ratings: Mapping[str, Row]
    people: set[str]


NO_IMDB = ImdbMarts({}, set())


def expected_marts(
    answers: Answers, bounds: Sequence[int], project: Path, imdb: ImdbMarts = NO_IMDB
) -> dict[str, Mart]:
    """Compute the marts by name, with the seeds and vars of the dbt project in a folder.

    `bounds` are the newest load_id that each build so far read, the last one's last.
    """
    seeds = read_seeds(project)
    versions, _ = history.histories(answers, bounds, seeds)
    answers = answers.up_to(bounds[-1])
    things = things_of(answers, seeds)
    numbers = {
        media_type: answers.history(dataset) for media_type, dataset in history.DATASETS.items()
    }
    for media_type, of_history in numbers.items():
        for number, thing in things.of(media_type).items():
            history.check(versions[of_history, media_type, number], thing)
    days = popular.days_of(answers.measures)
    released = films.released_movies(things)
    facts = films.fact_movies(released, days, seeds)
    bridge = genres.bridge_movie_genre(released)
    dim_genres = genres.dim_genres(answers.genres, things, seeds)
    no_adults = kpis.of_no_adults(facts)
    rows: dict[str, list[Row]] = {
        "dim_popular_shows": popular.dim_popular_shows(things, days),
        "dim_popular_people": popular.dim_popular_people(
            things, days, history.known_for(answers.lists)
        ),
        "popular_movies": popular.popular_movies(things, days),
        "dim_movies_history": history.dim_history("movie", versions, numbers["movie"]),
        "dim_shows_history": history.dim_history("tv", versions, numbers["tv"]),
        "dim_people_history": history.dim_history("person", versions, numbers["person"]),
        "bridge_person_project": bridge_person_project(things),
        "dim_dates": dim_dates(things, days, seeds),
        "dim_genres": dim_genres,
        "dim_production_companies": films.dim_production_companies(things, released, seeds),
        "fact_movies": facts,
        "bridge_movie_genre": bridge,
        "fact_daily_measures": popular.fact_daily_measures(days),
        "kpi_genre_performance": kpis.kpi_genre_performance(no_adults, bridge, dim_genres, seeds),
        "kpi_yearly_trends": kpis.kpi_yearly_trends(no_adults, bridge, dim_genres, seeds),
        "kpi_top_movies": kpis.kpi_top_movies(no_adults, seeds),
        "mart_tmdb_imdb_link": popular.link_mart(things, days, imdb.ratings, imdb.people),
    }
    return {name: Mart(name, key, rows[name]) for name, key in KEYS.items()}


def genre_versions(answers: Answers, bounds: Sequence[int], project: Path) -> Mart:
    """Compute the versions of genres, which no mart has but the snapshot."""
    _, versions = history.histories(answers, bounds, read_seeds(project))
    rows: list[dict[str, Any]] = [
        {
            "history": of_history,
            "kind": kind,
            "genre_id": number,
            **version.tracked,
            "dbt_valid_from": version.begins,
            "dbt_valid_to": version.ends,
        }
        for (of_history, kind, number), of_genre in versions.items()
        for version in of_genre
    ]
    return Mart("snap_tmdb__genres", ("history", "kind", "genre_id", "dbt_valid_from"), rows)


def read_imdb(url: str) -> ImdbMarts:
    """Read what is published of IMDb; nothing where its marts do not exist."""
    with contextlib.closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("select to_regclass('marts.mart_top_titles') is not null")
        if cursor.fetchall() == [(False,)]:
            return NO_IMDB
        cursor.execute("select tconst, average_rating, num_votes from marts.mart_top_titles")
        ratings = {
            tconst: {"average_rating": average, "num_votes": votes}
            for tconst, average, votes in cursor
        }
        cursor.execute("select nconst from marts.mart_person_career")
        return ImdbMarts(ratings, {nconst for (nconst,) in cursor})
