"""A unit to scan, how far its scan is, and which page comes next.

A unit is a movie, a show, a season, an episode, or a comment with replies: what has a list of
comments of its own. A scan reads all pages of that list.
"""

from dataclasses import dataclass
from datetime import datetime
from math import ceil

from trakt_pipeline.subjects import Subject


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit; `path` is what is asked for, without the sort.

    `title_id` is Trakt's number of the movie or show; `comment_id` is set for replies only.
    """

    path: str
    level: str
    title_id: int | None = None
    season: int | None = None
    episode: int | None = None
    comment_id: int | None = None

    @classmethod
    def of(cls, subject: Subject) -> "Unit":
        """Return the unit of a movie, show, season or episode."""
        assert subject.unit is not None  # noqa: S101 - lists are not scanned
        return cls(subject.unit, subject.level, subject.title_id, subject.season, subject.episode)

    @property
    def subject(self) -> Subject | None:
        """What its comments are about; None for replies, which have that of their comment."""
        match self.level:
            case "movie" | "show" | "season" | "episode" as level:
                return Subject(level, self.title_id, self.season, self.episode)
        return None


@dataclass(frozen=True, slots=True)
class Scan:
    """How far the scan of a unit is: the page to ask for, and what the pages before said.

    `began_at` is the time of the oldest answer of the scan; None before its first page. `is_first`
    where no scan of the unit ended before.
    """

    unit: Unit
    page: int = 1
    began_at: datetime | None = None
    item_count: int | None = None
    page_limit: int | None = None
    priority: int = 0
    is_first: bool = True

    def began(self, answered_at: datetime) -> datetime:
        """Return when the scan began, with a page of that time: pages from a cache are older."""
        return answered_at if self.began_at is None else min(self.began_at, answered_at)


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What a page says of its list: headers, time, rows, and its newest comment."""

    answered_at: datetime
    rows: int
    limit: int | None
    page_count: int | None
    item_count: int | None
    newest_comment_at: datetime | None = None


def next_page(scan: Scan, page: PageFacts) -> int | None:
    """Return the page to ask for after `page`; None where it was the last one.

    The headers of the answer decide, not the rows: a page can be short in the middle. Where the
    list became shorter while it was read, its rest moved towards the beginning, and as many pages
    as it moved by are read again.
    """
    if page.page_count is None:
        return scan.page + 1 if page.rows else None
    if scan.page > 1 and scan.item_count is not None and page.item_count is not None:
        left = scan.item_count - page.item_count
        if left > 0:
            return max(1, scan.page - ceil(left / (page.limit or 1)))
    return scan.page + 1 if scan.page < page.page_count else None


def is_cut(scan: Scan, page: PageFacts) -> bool:
    """Say whether a page that ends the list comes before the items that pages before named.

    An empty answer without a number of pages is such a page: it proves no end.
    """
    if scan.page == 1 or scan.item_count is None:
        return False
    before = (scan.page - 1) * (scan.page_limit or 0)
    return (page.page_count or 0) < scan.page and before < scan.item_count


def has_other_pages(scan: Scan, page: PageFacts) -> bool:
    """Say whether the pages of this answer are of another length than those before.

    What was read before does not fit to it then, and the scan has to begin again.
    """
    return scan.page > 1 and scan.page_limit is not None and page.limit != scan.page_limit
