"""What TMDb answered, as the raw tables have it: the input of the marts."""

import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import psycopg2
from psycopg2 import sql

from tests.e2e.oracle_tmdb.values import Body


@dataclass(frozen=True, slots=True)
class OracleAnswer:
    """A row of a batch that has ended; `key` is an id, a kind, or a kind and a page."""

    answer_id: int
    load_id: int
    key: tuple[Any, ...]
    status: int
    body: Body
    ingested_at: datetime


@dataclass(frozen=True, slots=True)
class OracleMeasure:
    """The numbers of a thing on a day, as they were observed."""

    media_type: str
    id: int
    day: date
    popularity: Decimal | None
    vote_average: Decimal | None
    vote_count: int | None
    list_rank: int | None


@dataclass(frozen=True, slots=True)
class Answers:
    """All answers, each dataset in the order in which they came.

    `begins` has, by dataset, the load_ids with which a history of it began.
    """

    movies: Sequence[OracleAnswer]
    shows: Sequence[OracleAnswer]
    people: Sequence[OracleAnswer]
    genres: Sequence[OracleAnswer]
    lists: Sequence[OracleAnswer]
    measures: Sequence[OracleMeasure]
    begins: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def up_to(self, load_id: int) -> "Answers":
        """Return what a build with this bound reads: the newest history of each dataset.

        Of measures there is no older state.
        """
        begins = {
            name: [each for each in begun if each <= load_id] for name, begun in self.begins.items()
        }
        loads = {name: range(max([0, *begins.get(name, [])]), load_id + 1) for name in _KEYS}
        return replace(
            self,
            begins=begins,
            **{
                name: [each for each in getattr(self, name) if each.load_id in loads[name]]
                for name in _KEYS
            },
        )

    def history(self, dataset: str) -> int:
        """Return the number of the dataset's newest history."""
        return len(self.begins.get(dataset, ()))


def newest(answers: Iterable[OracleAnswer]) -> dict[tuple[Any, ...], OracleAnswer]:
    """Return the newest answer of each key."""
    return {each.key: each for each in sorted(answers, key=lambda each: each.answer_id)}


def newest_bodies(answers: Iterable[OracleAnswer]) -> dict[tuple[Any, ...], OracleAnswer]:
    """Return the newest answer with status 200 of each key."""
    return newest(each for each in answers if each.status == 200)


def parsed(body: str | bytes | None) -> Body:
    """Return a body with exact numbers; that of a 404 is empty."""
    found = json.loads(body, parse_float=Decimal) if body else {}
    return found if isinstance(found, dict) else {}


_KEYS = {
    "movies": ("movie_id",),
    "shows": ("show_id",),
    "people": ("person_id",),
    "genres": ("kind",),
    "lists": ("kind", "page"),
}
_ANSWERS = """
    select answer_id, load_id, http_status, raw_data::text, ingested_at, {keys}
    from raw.{table} inner join meta.api_batch_log using (batch_id)
    inner join meta.load_log using (load_id)
    order by answer_id
"""
_BEGINS = "select dataset, load_id from meta.load_log where source = 'tmdb' and history_begins"
_MEASURES = """
    select media_type, id, observed_on, popularity::text, vote_average, vote_count, list_rank
    from raw.tmdb_measures
    inner join meta.api_batch_log using (batch_id)
    inner join meta.load_log using (load_id)
"""


def read_answers(url: str) -> Answers:
    """Read what the raw tables of a warehouse have of batches that are in the ledger."""
    with contextlib.closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        datasets: dict[str, Any] = {}
        for name, keys in _KEYS.items():
            cursor.execute(
                sql.SQL(_ANSWERS).format(
                    keys=sql.SQL(", ").join(map(sql.Identifier, keys)),
                    table=sql.Identifier(f"tmdb_{name}"),
                )
            )
            datasets[name] = [
                OracleAnswer(answer_id, load_id, tuple(key), status, parsed(body), at)
                for answer_id, load_id, status, body, at, *key in cursor
            ]
        cursor.execute(_MEASURES)
        measures = [
            OracleMeasure(media_type, number, on, popularity and Decimal(popularity), *of)
            for media_type, number, on, popularity, *of in cursor
        ]
        begins: dict[str, list[int]] = {}
        cursor.execute(_BEGINS)
        for dataset, load_id in cursor:
            begins.setdefault(dataset, []).append(load_id)
        return Answers(measures=measures, begins=begins, **datasets)
