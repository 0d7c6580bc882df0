"""Writes answers into the raw tables, in the caller's transaction."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from tmdb_pipeline.config import LANGUAGE, MediaKind, contract
from tmdb_pipeline.items import Item, refused_by
from warehouse.http.api_client import ApiAnswer
from warehouse.http.contracts import Breach
from warehouse.raw.answer_table import append_answer, last_content
from warehouse.raw.api_batch import ApiBatch, keep_open
from warehouse.raw.item_checks import ItemChecks

__all__ = ["Checks", "Measure", "checked", "last_content", "refused", "write_answer"]

# What JSON can write and jsonb cannot hold: the character zero and half a surrogate pair.
_MAYBE_REFUSED = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_REFUSED = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Measure:
    """The numbers of a thing on a day; `list_rank` only from a list."""

    number: int
    popularity: float | None
    vote_average: float | None
    vote_count: int | None
    list_rank: int | None = None

    @classmethod
    def of(cls, item: Mapping[str, Any], list_rank: int | None = None) -> "Measure":
        """Return the numbers of an item of a list or of details."""
        return cls(
            number=item["id"],
            popularity=item.get("popularity"),
            vote_average=item.get("vote_average"),
            vote_count=item.get("vote_count"),
            list_rank=list_rank,
        )


class Checks(ItemChecks):
    """Compares items with the contract of that name, and with what jsonb can hold."""

    def __init__(self, contract_name: str) -> None:
        super().__init__(contract(contract_name))

    def refused(self, item: Any, body: bytes) -> Breach | None:
        """Return where a text is that jsonb cannot hold."""
        if _MAYBE_REFUSED.search(body) and (path := refused_text(item)):
            return Breach(path, "text that Postgres cannot hold: \\u0000 or half a character")
        return None


def refused_text(value: Any, path: str = "data") -> str | None:
    """Return where a text is that jsonb cannot hold; None where there is none."""
    if isinstance(value, str):
        return path if _REFUSED.search(value) else None
    if isinstance(value, dict):
        parts = [(f"{path}.{key}", inner) for key, inner in value.items()]
        if any(_REFUSED.search(key) for key in value):
            return path
    elif isinstance(value, list):
        parts = [(f"{path}[{place}]", inner) for place, inner in enumerate(value)]
    else:
        return None
    return next((found for name, inner in parts if (found := refused_text(inner, name))), None)


def write_answer(
    cursor: Cursor,
    batch: ApiBatch,
    key: tuple[object, ...],
    answer: ApiAnswer,
    content: str,
    body: str | None,
) -> None:
    """Append the answer about `key`; `body` is what is kept of it."""
    append_answer(cursor, batch, key, answer, content, body, language=LANGUAGE)


def write_measures(
    cursor: Cursor, batch: ApiBatch, kind: MediaKind, measures: Iterable[Measure], now: datetime
) -> None:
    """Write the numbers of a day; equal ones are not written again, the best rank stays.

    Numbers of a batch that has ended are kept beside them until this batch ends, for the models.
    """
    rows = [
        (
            kind.name,
            each.number,
            now.date(),
            each.popularity,
            each.vote_average,
            each.vote_count,
            each.list_rank,
            batch.batch_id,
        )
        for each in measures
    ]
    if rows:
        keep_open(cursor, batch)
        execute_values(cursor, _MEASURES, rows)


_MEASURES = """
    insert into raw.tmdb_measures as old (
        media_type, id, observed_on, popularity, vote_average, vote_count, list_rank, batch_id
    )
    values %s
    on conflict (media_type, id, observed_on) do update set
        popularity = coalesce(excluded.popularity, old.popularity),
        vote_average = coalesce(excluded.vote_average, old.vote_average),
        vote_count = coalesce(excluded.vote_count, old.vote_count),
        list_rank = least(excluded.list_rank, old.list_rank),
        batch_id = excluded.batch_id,
        (ended_popularity, ended_vote_average, ended_vote_count, ended_list_rank, ended_batch_id)
        = (
            select kept.* from (
                values
                (
                    old.popularity, old.vote_average, old.vote_count, old.list_rank, old.batch_id
                ),
                (
                    old.ended_popularity, old.ended_vote_average, old.ended_vote_count,
                    old.ended_list_rank, old.ended_batch_id
                )
            ) as kept (popularity, vote_average, vote_count, list_rank, batch_id)
            inner join meta.api_batch_log as batch using (batch_id)
            where batch.load_id is not null
            order by batch.load_id desc
            limit 1
        )
    where (old.popularity, old.vote_average, old.vote_count, old.list_rank) is distinct from (
        coalesce(excluded.popularity, old.popularity),
        coalesce(excluded.vote_average, old.vote_average),
        coalesce(excluded.vote_count, old.vote_count),
        least(excluded.list_rank, old.list_rank)
    )
"""


def checked(
    cursor: Cursor, kind: MediaKind, item: Item, answer: ApiAnswer, content: str | None
) -> None:
    """Note that the thing was answered for: it is not due any more."""
    cursor.execute(
        """
        update raw.tmdb_items set
            checked_at = %s, due_since = null, due_reason = null, tries = 0, tried_at = null,
            last_error = null, http_status = %s, content_sha256 = %s
        where media_type = %s and id = %s
        """,
        (answer.answered_at, answer.status, content, kind.name, item.number),
    )


def refused(cursor: Cursor, kind: MediaKind, item: Item, answer: ApiAnswer, breach: Breach) -> None:
    """Note that the answer is in quarantine: the thing is asked for again as if it were checked."""
    cursor.execute(
        """
        update raw.tmdb_items set
            checked_at = %s, due_since = null, due_reason = null, tries = 0, tried_at = null,
            last_error = %s
        where media_type = %s and id = %s
        """,
        (
            answer.answered_at,
            f"{refused_by(kind)}{breach.path}: {breach.rule}"[:500],
            kind.name,
            item.number,
        ),
    )
