"""Answers of Trakt that landed in a warehouse: where each is, and its body.

The state is that at the end of a batch: of each address, the newest answer until then. A page that
did not change has no row of its own in later batches.
"""

import contextlib
import json
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import connection as Connection

from include.sample.api.answers import ApiRequest, to_json

ERASED: dict[str, Any] = {
    "comment": "(erased)",
    "user": {
        "username": "erased", "private": False, "deleted": True, "ids": {"slug": "erased"},
    },
}  # fmt: skip
"""What stands for the words of a person that are no longer kept."""
_KEPT = 200  # bodies in memory
_PAGES = """
    select distinct on (page.source_url)
        page.page_id, page.kind, page.source_url, page.http_status, page.page, page.page_limit,
        page.page_count, page.item_count, page.answered_at, page.body is null,
        comment.level, comment.title_id
    from raw.trakt_pages as page
    left join raw.trakt_comments as comment
        on page.kind = 'comment'
        and comment.comment_id = substring(page.source_url from '/comments/([0-9]+)')::bigint
    where page.batch_id <= %s
    order by page.source_url, page.page_id desc
"""
_ANSWERS = """
    select distinct on (source_url)
        answer_id, {name}, source_url, http_status, null, null, null, null, ingested_at,
        raw_data is null, {level}, title_id
    from {table}
    where batch_id <= %s
    order by source_url, answer_id desc
"""
_TABLES = {
    "trakt_titles": sql.SQL("level"),
    "trakt_seasons": sql.Literal("show"),
    "trakt_ratings": sql.SQL("level"),
    "trakt_stats": sql.SQL("level"),
}
"""With what the level of a row is."""
_BODY = "select body from raw.trakt_pages where page_id = %s"
_ANSWER_BODY = "select raw_data from {table} where answer_id = %s"


@dataclass(frozen=True)
class LandedAnswer:
    """An answer without its body."""

    row_id: int
    kind: str
    """Of a page, as in raw.trakt_pages; for other answers the name of their table."""
    url: str
    status: int
    page: int | None
    page_limit: int | None
    page_count: int | None
    item_count: int | None
    answered_at: datetime
    is_empty: bool
    level: str | None
    title_id: int | None

    @property
    def request(self) -> ApiRequest:
        """What was asked for, without the host, whose port may differ."""
        parts = urlsplit(self.url)
        return ApiRequest.parse(f"{parts.path}?{parts.query}")

    @property
    def names(self) -> list[ApiRequest]:
        """What it is the answer to: a title has its number, however it was asked for."""
        request = self.request
        if self.kind != "trakt_titles":
            return [request]
        return [request, ApiRequest(f"/{self.level}s/{self.title_id}", request.query)]

    @property
    def is_feed(self) -> bool:
        """Whether it is a page of all comments."""
        return self.kind in {"recent", "updates"}


@dataclass
class LandedAnswers:
    """The answers until a batch. All methods may be called from several threads."""

    url: str
    answers: list[LandedAnswer]
    """In the order in which they came."""
    _connection: Connection
    _bodies: OrderedDict[tuple[str, int], str] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, url: str, batch: int) -> "LandedAnswers":
        """Read where the answers are. Raises ValueError where there are none until the batch."""
        try:
            connection = psycopg2.connect(url)
        except psycopg2.Error as error:
            raise ValueError(f"the warehouse cannot be reached: {error}") from error
        connection.set_session(readonly=True, autocommit=True)
        with connection.cursor() as cursor:
            cursor.execute(_PAGES, (batch,))
            found = [LandedAnswer(*row) for row in cursor.fetchall()]
            if not found:
                connection.close()
                raise ValueError(
                    f"no page of batch {batch} or of an earlier one has landed: the column "
                    "batch_id of raw.trakt_pages has the batches that there are"
                )
            for name, level in _TABLES.items():
                query = sql.SQL(_ANSWERS).format(
                    name=sql.Literal(name), table=sql.Identifier("raw", name), level=level
                )
                cursor.execute(query, (batch,))
                found += [LandedAnswer(*row) for row in cursor.fetchall()]
        # A body whose retention is over cannot be served.
        usable = [each for each in found if not each.is_empty or each.status != 200]
        usable.sort(key=lambda each: (each.answered_at, each.row_id))
        return cls(url, usable, connection)

    def body(self, answer: LandedAnswer) -> str:
        """Return the body, byte for byte that of a page; a table's has the order of jsonb.

        A comment whose words were erased has the words and the user of `ERASED` instead.
        """
        if answer.is_empty:
            return ""
        key = (answer.kind, answer.row_id)
        with self._lock:
            if key not in self._bodies:
                self._bodies[key] = self._read(answer)
                if len(self._bodies) > _KEPT:
                    self._bodies.popitem(last=False)
            return self._bodies[key]

    def close(self) -> None:
        """Close the session."""
        with contextlib.suppress(psycopg2.Error):
            self._connection.close()

    def _read(self, answer: LandedAnswer) -> str:
        query: sql.Composable = sql.SQL(_BODY)
        if answer.kind in _TABLES:
            query = sql.SQL(_ANSWER_BODY).format(table=sql.Identifier("raw", answer.kind))
        with self._connection.cursor() as cursor:
            cursor.execute(query, (answer.row_id,))
            row = cursor.fetchone()
        found = "" if row is None or row[0] is None else row[0]
        text = found if isinstance(found, str) else json.dumps(found)
        # Quotes inside of strings are escaped: only keys are counted.
        if text.count('"parent_id"') == text.count('"user"'):
            return text
        return to_json(_filled(json.loads(text)))


def _filled(value: Any) -> Any:
    if isinstance(value, list):
        return [_filled(each) for each in value]
    if not isinstance(value, dict):
        return value
    if "parent_id" in value:
        return ERASED | value
    return {name: _filled(inner) for name, inner in value.items()}
