"""COPY: rows of a TAB-separated stream into a table, every byte as it is."""

import re
from collections.abc import Callable, Sequence
from typing import Protocol

import psycopg2
from psycopg2 import errorcodes, sql
from psycopg2.extensions import cursor as Cursor

from warehouse.errors import UnexpectedContent

# csv, because the text format would unescape backslashes; quoted by a byte that never occurs, so
# that a quote in a title is a character like any other; only \N is null, so '' stays apart.
_COPY = sql.SQL(
    "copy {table} ({columns}) from stdin with "
    "(format csv, delimiter E'\\t', quote E'\\b', escape E'\\b', null '\\N', encoding 'UTF8')"
)
_FILE_FAULTS = (errorcodes.CLASS_DATA_EXCEPTION, errorcodes.CLASS_PROGRAM_LIMIT_EXCEEDED)
_LINE = re.compile(r"^COPY .+?, line (\d+)", re.MULTILINE)


class CopySource(Protocol):
    """What COPY reads from: `read` gives about `size` bytes, b"" at the end.

    `readline` is never called; psycopg2 asks whether it is there.
    """

    def read(self, size: int = -1, /) -> bytes: ...  # noqa: D102
    def readline(self, size: int | None = -1, /) -> bytes: ...  # noqa: D102


def copy_rows(
    cursor: Cursor,
    table: sql.Composable,
    columns: Sequence[str],
    source: CopySource,
    *,
    origin: str,
    line_in_file: Callable[[int], int] = lambda line: line + 1,
    chunk: int = 1 << 20,
) -> int:
    r"""Copy the lines of `source` (TAB, LF, `\N` for null, no header) into `table`.

    Returns the rows that Postgres took. `origin` names the file in errors, `line_in_file` gives the
    line there of one that COPY counts from 1; without it `source` is what follows a header. Raises
    `UnexpectedContent` with line and reason where the file does not fit the table.
    """
    statement = _COPY.format(table=table, columns=sql.SQL(", ").join(map(sql.Identifier, columns)))
    watched = _Watched(source)
    try:
        cursor.copy_expert(statement, watched, chunk)
    except psycopg2.Error as error:
        if watched.error is not None:
            raise watched.error  # noqa: B904 - it came first and has a cause of its own
        if (error.pgcode or "")[:2] not in _FILE_FAULTS:
            raise
        raise UnexpectedContent(
            f"{origin}{_where(error, line_in_file)}: expected {len(columns)} TAB-separated columns "
            f"of UTF-8, found: {error.diag.message_primary}. Nothing was replaced."
        ) from error
    return cursor.rowcount


class _Watched:
    """Keeps what `source` raised: psycopg2 makes a cancelled query of it."""

    def __init__(self, source: CopySource) -> None:
        self.source = source
        self.error: BaseException | None = None

    def read(self, size: int = -1, /) -> bytes:
        try:
            return self.source.read(size)
        except BaseException as error:
            self.error = error
            raise

    def readline(self, size: int | None = -1, /) -> bytes:
        return self.source.readline(size)


def _where(error: psycopg2.Error, line_in_file: Callable[[int], int]) -> str:
    line = _LINE.search(error.diag.context or "")
    return f", line {line_in_file(int(line[1]))}" if line else ""
