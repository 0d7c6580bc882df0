"""stg_tmdb__genres, dim_genres and bridge_movie_genre."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from tests.e2e.oracle.exact import ratio
from tests.e2e.oracle_tmdb.answers import OracleAnswer
from tests.e2e.oracle_tmdb.keys import surrogate
from tests.e2e.oracle_tmdb.seeds import TmdbSeeds
from tests.e2e.oracle_tmdb.things import Row, Thing, Things, named

WEIGHT_PLACES = 6


@dataclass(slots=True)
class GenreNow:
    """A genre that a list of genres ever had."""

    kind: str
    id: int
    name: str
    is_listed: bool
    answered_at: datetime


def listed_genres(answers: Iterable[OracleAnswer]) -> dict[tuple[str, int], GenreNow]:
    """Return every genre that an answer had, by kind and id."""
    genres: dict[tuple[str, int], GenreNow] = {}
    for answer in sorted(answers, key=lambda each: each.answer_id):
        if answer.status != 200:
            continue
        (kind,) = answer.key
        found = {each.id: each.name for each in named(answer.body, "genres")}
        for genre in genres.values():
            if genre.kind == kind and genre.is_listed and genre.id not in found:
                genre.is_listed, genre.answered_at = False, answer.ingested_at
        for number, name in found.items():
            genres[kind, number] = GenreNow(kind, number, name, True, answer.ingested_at)
    return genres


def dim_genres(answers: Iterable[OracleAnswer], things: Things, seeds: TmdbSeeds) -> list[Row]:
    """Return one row per kind and genre."""
    listed = listed_genres(answers)
    kinds_asked = {kind for kind, _ in listed} | {
        each.key[0] for each in answers if each.status == 200
    }
    names = {key: genre.name for key, genre in listed.items()}
    for key, name in _of_things(things):
        names.setdefault(key, name)
    rows: list[Row] = []
    for (kind, number), name in names.items():
        group, is_blockbuster = seeds.genre_groups.get(number, ("Other", False))
        genre = listed.get((kind, number))
        rows.append(
            {
                "genre_sk": surrogate(kind, number),
                "kind": kind,
                "genre_id": number,
                "genre_name": name,
                "genre_group": group,
                "is_blockbuster_genre": is_blockbuster,
                "retired": kind in kinds_asked and not (genre and genre.is_listed),
            }
        )
    return rows


def _of_things(things: Things) -> Iterator[tuple[tuple[str, int], str]]:
    """Yield the genres beside movies and shows, those of the newest details first."""
    for kind in ("movie", "tv"):
        for thing in sorted(things.of(kind).values(), key=lambda each: each.order, reverse=True):
            for genre in thing.genres:
                yield (kind, genre.id), genre.name


def bridge_movie_genre(released: Iterable[Thing]) -> list[Row]:
    """Return one row per released movie and genre."""
    rows: list[Row] = []
    for movie in released:
        weights = _weights(len(movie.genres))
        for position, genre in enumerate(movie.genres, 1):
            rows.append(
                {
                    "movie_sk": surrogate("movie", movie.id),
                    "genre_sk": surrogate("movie", genre.id),
                    "movie_id": movie.id,
                    "genre_id": genre.id,
                    "position": position,
                    "weight": weights[position - 1],
                }
            )
    return rows


def _weights(n: int) -> list[Decimal]:
    """Return n weights that add up to exactly 1; the first one takes what is left."""
    share = ratio(1, n, WEIGHT_PLACES)
    return [] if share is None else [1 - (n - 1) * share, *[share] * (n - 1)]
