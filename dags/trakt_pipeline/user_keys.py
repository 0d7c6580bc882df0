"""The key that stands for a user: a keyed hash of the user's number, else of the slug.

Names are stored nowhere but in the bodies of pages. The key of the hash is made once per
installation, so that no list of names can be turned into these keys elsewhere.
"""

import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from psycopg2.extensions import cursor as Cursor

# Landing shares this lock, and what erases a user holds it alone.
USERS_LOCK = "trakt: users"
_SHARE = "select pg_advisory_xact_lock_shared(hashtextextended(%s, 0))"
_DIGITS = 32


@dataclass(frozen=True, slots=True)
class UserKeys:
    """The keys of users under the `secret` of the installation."""

    secret: bytes = field(repr=False)

    @classmethod
    def load(cls, cursor: Cursor, setting: str) -> "UserKeys":
        """Return the keys under `setting`; where it is empty, under the warehouse's own secret."""
        if setting:
            return cls(setting.encode())
        cursor.execute(
            "insert into raw.trakt_user_secret (secret) values (%s) on conflict do nothing",
            (secrets.token_bytes(32),),
        )
        cursor.execute("select secret from raw.trakt_user_secret")
        (secret,) = cursor.fetchone() or (b"",)
        return cls(bytes(secret))

    def of_number(self, number: int) -> str:
        """Return the key of the user with Trakt's number."""
        return self._hashed(f"id:{number}")

    def of_slug(self, slug: str) -> str:
        """Return the key of the user of that slug, where Trakt gives no number."""
        return self._hashed(f"slug:{slug}")

    def of(self, user: Any) -> str | None:
        """Return the key of the `user` of a comment; None where it has neither number nor slug."""
        return next(iter(self.all_of(user)), None)

    def all_of(self, user: Any) -> list[str]:
        """Return the keys of number and slug of the `user` of a comment; the first stands for it.

        A forgotten user can be known by any of them.
        """
        number, slug = number_and_slug(user)
        keys = [] if number is None else [self.of_number(number)]
        return keys if slug is None else [*keys, self.of_slug(slug)]

    def _hashed(self, name: str) -> str:
        digest = hmac.new(self.secret, name.encode("utf-8", "surrogatepass"), "sha256")
        return digest.hexdigest()[:_DIGITS]


def number_and_slug(user: Any) -> tuple[int | None, str | None]:
    """Return the names of the `user` of a comment; None for each that is missing or malformed."""
    ids = user.get("ids") if isinstance(user, dict) else None
    if not isinstance(ids, dict):
        return None, None
    number, slug = ids.get("trakt"), ids.get("slug")
    return (
        number if isinstance(number, int) else None,
        slug if slug and isinstance(slug, str) else None,
    )


def replacements(cursor: Cursor, keys: Collection[str]) -> dict[str, str]:
    """Return what stands for those of the keys whose users are forgotten.

    No user is forgotten between this and the end of the caller's transaction.
    """
    cursor.execute(_SHARE, (USERS_LOCK,))
    cursor.execute(
        "select user_key, replacement from raw.trakt_forgotten_users where user_key = any(%s)",
        (list(keys),),
    )
    return dict(cursor.fetchall())
