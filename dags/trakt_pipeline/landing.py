"""Writes pages of comments into the raw tables, in the caller's transaction.

A page and what its comments say are written together, in few statements. Texts and users are in
the body of the page only, and those of forgotten and deleted users, and of comments that are gone,
are nowhere.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from psycopg2.extensions import cursor as Cursor

from trakt_pipeline import statements
from trakt_pipeline.client import CommentsPage
from trakt_pipeline.content import comment_of, kept, without_words
from trakt_pipeline.figures import TraktFigures
from trakt_pipeline.page_checks import PageChecks, SeenComment
from trakt_pipeline.subjects import Subject
from trakt_pipeline.user_keys import UserKeys, replacements
from warehouse.raw.api_batch import ApiBatch, keep_open
from warehouse.raw.item_checks import ItemChecks
from warehouse.raw.quarantine import quarantine

PageKind = Literal["recent", "updates", "unit", "replies", "comment"]

# Pages of a title come from a cache for so long: what they list can be gone since.
CACHED_FOR = timedelta(hours=8)


@dataclass(frozen=True, slots=True)
class LandedPage:
    """What a page brought: comments that are new, others than before, or the same.

    `known` names for each of the latter the batch that brought its state.
    """

    seen: tuple[SeenComment, ...]
    new: frozenset[int]
    changed: frozenset[int]
    known: Mapping[int, int]
    quarantined: int = 0


@dataclass(frozen=True, slots=True)
class _Before:
    """What was known of a comment before the page."""

    content_hash: str
    batch_id: int
    last_seen_at: datetime
    gone_at: datetime | None


class CommentsLanding:
    """Writes pages into the open batches of the comments' three datasets. For one thread."""

    def __init__(
        self,
        comments: ApiBatch,
        versions: ApiBatch,
        measures: ApiBatch,
        keys: UserKeys,
        figures: TraktFigures,
    ) -> None:
        self._batches = (comments, versions, measures)
        self._keys = keys
        self._figures = figures
        self._checks = PageChecks(keys)

    @property
    def checks(self) -> tuple[ItemChecks, ...]:
        """The checks whose drift is to be recorded when the work ends."""
        return self._checks.item_checks

    def land(
        self, cursor: Cursor, kind: PageKind, page: CommentsPage, subject: Subject | None = None
    ) -> LandedPage:
        """Write the page with its comments, versions and measures.

        `subject` is what all its comments are about; without it, each is in the entry of a feed
        that says so. What breaks its contract goes into quarantine. The same page again writes
        only when it was seen.
        """
        for batch in self._batches:
            keep_open(cursor, batch)
        forgotten = self._forgotten(cursor, page)
        seen, bad = self._checks.sorted_out(page, subject, forgotten)
        before = _before(cursor, [each.comment_id for each in seen])
        moment = page.answer.answered_at
        # A page of a cache shows what is gone: that stays gone, and its words are not stored.
        gone = {
            number
            for number, known in before.items()
            if known.gone_at is not None and moment <= known.gone_at + CACHED_FOR
        }
        self._write_page(cursor, kind, page, gone, forgotten)
        there = [each for each in seen if each.comment_id not in gone]
        if there:
            self._write_comments(cursor, there, moment)
        # What breaks its contract is listed, too: it is not missing.
        if listed := [int(item.item_key) for item in bad if item.item_key.isdecimal()]:
            cursor.execute(statements.LISTED, {"comment_ids": listed, "seen_at": moment})
        for item in bad:
            quarantine(cursor, self._batches[0], item)
        landed = _compared(there, before, len(bad))
        self._count(page, landed)
        return landed

    def _forgotten(self, cursor: Cursor, page: CommentsPage) -> dict[str, str]:
        """What stands for the keys of those authors on the page who are forgotten."""
        authors = ((comment_of(item) or {}).get("user") for item in page.items)
        return replacements(cursor, {key for each in authors for key in self._keys.all_of(each)})

    def _write_page(
        self,
        cursor: Cursor,
        kind: PageKind,
        page: CommentsPage,
        gone: Collection[int],
        forgotten: Mapping[str, str],
    ) -> None:
        def is_erased(comment: dict[str, Any]) -> bool:
            user = comment.get("user")
            if isinstance(user, dict) and user.get("deleted"):
                return True
            number = comment.get("id")
            if isinstance(number, int) and number in gone:
                return True
            return any(key in forgotten for key in self._keys.all_of(user))

        answer = page.answer
        comments = [comment for item in page.items if (comment := comment_of(item)) is not None]
        body = None if page.is_gone else answer.body.decode()
        if body is not None and any(is_erased(comment) for comment in comments):
            body = without_words(body, is_erased)
        sha256 = hashlib.sha256(answer.body).hexdigest()
        cursor.execute(
            statements.PAGE,
            {
                "batch_id": self._batches[0].batch_id,
                "kind": kind,
                "source_url": answer.url,
                "page": page.page,
                "page_limit": page.page_limit,
                "page_count": page.page_count,
                "item_count": page.item_count,
                "http_status": answer.status,
                "body": body,
                "body_sha256": sha256,
                "answered_at": answer.answered_at,
            },
        )

    def _write_comments(
        self, cursor: Cursor, seen: Sequence[SeenComment], moment: datetime
    ) -> None:
        comments, versions, measures = (batch.batch_id for batch in self._batches)
        numbers = [each.comment_id for each in seen]
        hashes = [each.content_hash for each in seen]
        users = [each.comment["user"] for each in seen]
        subjects = [each.subject for each in seen]
        cursor.execute(
            statements.COMMENTS,
            {
                "batch_id": comments,
                "seen_at": moment,
                "cached_for": CACHED_FOR,
                "comment_ids": numbers,
                "content_hashes": hashes,
                "levels": [each.level for each in subjects],
                "title_ids": [each.title_id for each in subjects],
                "seasons": [each.season for each in subjects],
                "episodes": [each.episode for each in subjects],
                "parent_ids": [each.comment.get("parent_id") or None for each in seen],
                "user_keys": [each.user_key for each in seen],
                "private": [bool(user.get("private")) for user in users],
                "deleted": [bool(user.get("deleted")) for user in users],
            },
        )
        cursor.execute(
            statements.VERSIONS,
            {
                "batch_id": versions,
                "seen_at": moment,
                "comment_ids": numbers,
                "content_hashes": hashes,
                "bodies": [kept(each.comment) for each in seen],
                "words": [len(each.comment["comment"].split()) for each in seen],
            },
        )
        cursor.execute(
            statements.MEASURES,
            {
                "batch_id": measures,
                "seen_at": moment,
                "observed_on": moment.astimezone(UTC).date(),
                "comment_ids": numbers,
                "likes": [each.comment["likes"] for each in seen],
                "replies": [each.comment["replies"] for each in seen],
                "ratings": [each.rating for each in seen],
            },
        )

    def _count(self, page: CommentsPage, landed: LandedPage) -> None:
        self._figures.compared(self._batches[0], len(page.items), landed.quarantined)
        self._figures.add(
            gone=int(page.is_gone),
            new=len(landed.new),
            changed=len(landed.changed),
            known=len(landed.known),
        )


def _before(cursor: Cursor, numbers: list[int]) -> dict[int, _Before]:
    cursor.execute(statements.BEFORE, (numbers,))
    return {number: _Before(*known) for number, *known in cursor.fetchall()}


def _compared(
    seen: Sequence[SeenComment], before: Mapping[int, _Before], quarantined: int
) -> LandedPage:
    new, changed, known = set(), set(), {}
    for each in seen:
        number, earlier = each.comment_id, before.get(each.comment_id)
        if earlier is None:
            new.add(number)
        elif earlier.content_hash == each.content_hash:
            known[number] = earlier.batch_id
        else:
            changed.add(number)
    return LandedPage(tuple(seen), frozenset(new), frozenset(changed), known, quarantined)
