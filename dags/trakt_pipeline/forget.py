"""Forgets a person: their words and traces leave the warehouse, and what they did stays counted.

The person is named by the slug of their profile, or by `id:` and their number at Trakt. Wherever
their key stands another one takes its place, which stands for no user; their words and names leave
the bodies of pages (the quarantine has none). All of that is one transaction. Pages that come later
are treated alike when they land, because `raw.trakt_forgotten_users` keeps the keys. The name is
compared in this process only: no statement, message or log line has it.
"""

import json
import logging
import secrets
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from trakt_pipeline.config import SOURCE, TraktSettings
from trakt_pipeline.content import comment_of
from trakt_pipeline.erasure import erase_comments, erase_in_page
from trakt_pipeline.user_keys import USERS_LOCK, UserKeys, number_and_slug, replacements
from warehouse.database.connection import connected
from warehouse.database.turns import building
from warehouse.errors import PermanentError

log = logging.getLogger(__name__)

_SCHEMAS = ("raw", "staging", "intermediate", "snapshots", "marts", "marts_next", "quality")
_NUMBER = "id:"
_PAGES_AT_ONCE = 20
_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was changed: comments of the person, pages that lost words, and rows by table."""

    comments: int
    pages: int
    rows: Mapping[str, int]


class NamedPerson:
    """The one to forget, by slug or number; other names of theirs are learned from comments."""

    def __init__(self, name: str) -> None:
        name = name.strip()
        number = name.removeprefix(_NUMBER)
        is_number = number != name and number.isascii() and number.isdecimal()
        if not name:
            raise PermanentError(
                "No user is named. Give the slug of the profile, or id: and the user's number."
            )
        self.numbers = {int(number)} if is_number else set()
        self.slugs = set() if is_number else {name, name.lower()}

    def wrote(self, comment: Mapping[str, Any]) -> bool:
        """Say whether the person wrote the comment, as far as its user says; learn from it."""
        number, slug = number_and_slug(comment.get("user"))
        if slug not in self.slugs and number not in self.numbers:
            return False
        if number is not None:
            self.numbers.add(number)
        if slug is not None:
            self.slugs.add(slug)
        return True

    def keys(self, keys: UserKeys) -> set[str]:
        """Return the keys that stand for the person."""
        return {*map(keys.of_number, self.numbers), *map(keys.of_slug, self.slugs)}

    @property
    def names(self) -> int:
        """How many names and numbers are known."""
        return len(self.numbers) + len(self.slugs)


def forget_user(url: str, settings: TraktSettings, name: str) -> Forgotten:
    """Forget the person `name` in the warehouse at `url`, as `forget` does."""
    with connected(url, purpose=f"{SOURCE}: forget a user") as connection:
        with connection, connection.cursor() as cursor:
            keys = UserKeys.load(cursor, settings.user_key)
        return forget(connection, keys, name, patience=settings.lock_patience)


def forget(connection: Connection, keys: UserKeys, name: str, *, patience: float) -> Forgotten:
    """Forget the person `name`; return what was changed. To do it again is harmless.

    Waits up to `patience` seconds for a build or the end of a load of the source, and for pages
    that are landing. Raises `PermanentError` where the warehouse has nothing of such a person.
    """
    person = NamedPerson(name)
    with building(connection, SOURCE, patience=patience), connection:
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (USERS_LOCK,))
        pages = _pages(connection, person)
        with connection.cursor() as cursor:
            names = person.keys(keys)
            if not pages and not _are_known(cursor, names):
                raise PermanentError(
                    "The warehouse has nothing of a user of that name: no comment has the user's "
                    "key. Compare the name with the address of the profile. Where the text of all "
                    "their comments is no longer kept, give the user's number, as id:123."
                )
            replaced = _noted(cursor, names)
            rows = _replace(cursor, replaced)
            written = _written_by(cursor, replaced.values())
            changed = sum(erase_in_page(cursor, page, person.wrote) for page in sorted(pages))
            changed += erase_comments(cursor, written)
    log.info("one user is forgotten: %s comments, %s pages", f"{len(written):,}", f"{changed:,}")
    return Forgotten(
        len(written), changed, {table: count for table, count in rows.items() if count}
    )


def _pages(connection: Connection, person: NamedPerson) -> set[int]:
    """Return the pages that have comments of the person, also where these break their contract."""
    while True:
        names, found = person.names, set()
        for page_id, data in _bodies(connection):
            comments = map(comment_of, data if isinstance(data, list) else [data])
            # All of them: each can have another name.
            if sum(map(person.wrote, filter(None, comments))):
                found.add(page_id)
        # Another name can be found on a page after one that has only that name.
        if person.names == names:
            return found


def _bodies(connection: Connection) -> Iterator[tuple[int, Any]]:
    with connection.cursor("bodies") as cursor:
        cursor.itersize = _PAGES_AT_ONCE
        cursor.execute("select page_id, body from raw.trakt_pages where body is not null")
        for page_id, body in cursor:
            yield page_id, json.loads(body)


def _are_known(cursor: Cursor, keys: Collection[str]) -> bool:
    """Say whether comments have one of the keys, or one was forgotten before."""
    cursor.execute(
        """
        select
            exists (select from raw.trakt_comments where user_key = any(%(keys)s))
            or exists (select from raw.trakt_forgotten_users where user_key = any(%(keys)s))
        """,
        {"keys": list(keys)},
    )
    return cursor.fetchone() == (True,)


def _noted(cursor: Cursor, keys: set[str]) -> dict[str, str]:
    """Note that a user of these keys is forgotten; return by key what stands in its place.

    All new keys have one replacement: that of a key which was noted before, else a new one.
    """
    before = replacements(cursor, keys)
    replacement = min(before.values(), default=secrets.token_hex(_DIGITS))
    added = dict.fromkeys(keys - before.keys(), replacement)
    cursor.execute(
        "insert into raw.trakt_forgotten_users (user_key, replacement) "
        "select unnest(%s::text []), %s",
        (sorted(added), replacement),
    )
    return before | added


def _replace(cursor: Cursor, keys: Collection[str]) -> dict[str, int]:
    """Replace the keys in every table with a column user_key; return the rows by table."""
    cursor.execute(
        """
        select class.relnamespace::regnamespace::text, class.relname
        from pg_class as class
        inner join pg_attribute as attribute
            on class.oid = attribute.attrelid and attribute.attname = 'user_key'
        where
            class.relnamespace::regnamespace::text = any(%s)
            and class.relkind = 'r'
            and not attribute.attisdropped
            and class.oid <> 'raw.trakt_forgotten_users'::regclass
        order by 1, 2
        """,
        (list(_SCHEMAS),),
    )
    rows = {}
    for schema, table in cursor.fetchall():
        cursor.execute(
            sql.SQL(
                "update {} as kept set user_key = forgotten.replacement "
                "from raw.trakt_forgotten_users as forgotten "
                "where kept.user_key = forgotten.user_key and forgotten.user_key = any(%s)"
            ).format(sql.Identifier(schema, table)),
            (list(keys),),
        )
        rows[f"{schema}.{table}"] = cursor.rowcount
    return rows


def _written_by(cursor: Cursor, keys: Collection[str]) -> list[int]:
    cursor.execute(
        "select comment_id from raw.trakt_comments where user_key = any(%s)", (list(keys),)
    )
    return [comment_id for (comment_id,) in cursor.fetchall()]
