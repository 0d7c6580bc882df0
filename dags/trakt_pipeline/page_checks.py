"""Compares the items of a page with their contracts: comments to land, and what is put aside."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from trakt_pipeline.client import CommentsPage
from trakt_pipeline.config import contract
from trakt_pipeline.content import comment_of, content_hash, without_persons
from trakt_pipeline.subjects import Subject
from trakt_pipeline.user_keys import UserKeys
from warehouse.http.contracts import Breach
from warehouse.raw.item_checks import ItemChecks
from warehouse.raw.quarantine import QuarantinedItem


@dataclass(frozen=True, slots=True)
class SeenComment:
    """A comment on a page, and what it is about."""

    subject: Subject
    comment: dict[str, Any]
    content_hash: str
    user_key: str | None

    @property
    def comment_id(self) -> int:
        """Trakt's number of it."""
        return int(self.comment["id"])

    @property
    def pair(self) -> tuple[int, str]:
        """What names the state in which it was seen."""
        return self.comment_id, self.content_hash

    @property
    def rating(self) -> int | None:
        """The author's present rating of the title."""
        stats = self.comment.get("user_stats") or {}
        found: int | None = self.comment.get("user_rating", stats.get("rating"))
        return found


class PageChecks:
    """The contracts of comments and of entries of a feed. For one thread."""

    def __init__(self, keys: UserKeys) -> None:
        self._keys = keys
        self._entries = ItemChecks(contract("feed_entry"))
        self._comments = ItemChecks(contract("comment"))

    @property
    def item_checks(self) -> tuple[ItemChecks, ...]:
        """The checks of each contract."""
        return self._entries, self._comments

    def sorted_out(
        self, page: CommentsPage, subject: Subject | None, forgotten: Mapping[str, str]
    ) -> tuple[list[SeenComment], list[QuarantinedItem]]:
        """Return the comments by their ids, and the items that do not keep to their contract.

        Without a `subject` the items are entries of a feed. A comment that is there twice counts
        once. `forgotten` says what stands for the keys of forgotten users.
        """
        good: dict[int, SeenComment] = {}
        bad = []
        for place, item in enumerate(page.items, 1):
            if breach := self._breach(item, is_entry=subject is None):
                key = _id_of(item) or f"{page.answer.url}, place {place}"
                bad.append(
                    QuarantinedItem(key, breach, without_persons(item), page.answer.answered_at)
                )
                continue
            comment = item if subject else item["comment"]
            keys = self._keys.all_of(comment["user"])
            replaced = (forgotten[key] for key in keys if key in forgotten)
            good[int(comment["id"])] = SeenComment(
                subject or Subject.of_entry(item),
                comment,
                content_hash(comment),
                next(chain(replaced, keys), None),
            )
        # In one order, so that two processes with the same comments do not wait for each other.
        return [good[number] for number in sorted(good)], bad

    def _breach(self, item: Any, *, is_entry: bool) -> Breach | None:
        if is_entry:
            if found := self._entries.breach(item):
                return found
            item = item["comment"]
        return self._comments.breach(item) or _wrong_moment(item)


def _wrong_moment(comment: Mapping[str, Any]) -> Breach | None:
    """Return where a time is one that no calendar has, which a pattern cannot say."""
    for key in ("created_at", "updated_at"):
        try:
            datetime.fromisoformat(comment[key])
        except ValueError:
            return Breach(f"data.{key}", "a time that is on the calendar")
    return None


def _id_of(item: Any) -> str | None:
    number = (comment_of(item) or {}).get("id")
    return str(number) if isinstance(number, int) else None
