"""Which page comes next: the headers of an answer decide, and nothing of a list is passed over."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trakt_pipeline.scan import PageFacts, Scan, Unit, has_other_pages, next_page
from trakt_pipeline.subjects import Subject

NOW = datetime(2031, 3, 3, tzinfo=UTC)
UNIT = Unit.of(Subject("episode", 7, 1, 2))


def facts(**changed: Any) -> PageFacts:
    plain: dict[str, Any] = {
        "answered_at": NOW,
        "rows": 9,
        "limit": 10,
        "page_count": 3,
        "item_count": 25,
    }
    return PageFacts(**(plain | changed))


def test_a_unit_is_a_path_and_a_place() -> None:
    assert UNIT.path == "shows/7/seasons/1/episodes/2/comments"
    assert UNIT.subject == Subject("episode", 7, 1, 2)
    assert Unit("comments/4/replies", "replies", comment_id=4).subject is None


@pytest.mark.parametrize(
    ("page", "changed", "after"),
    [
        (1, {}, 2),
        # Hidden comments are counted and not sent.
        (2, {"rows": 0}, 3),
        (3, {"rows": 10}, None),
        (1, {"page_count": 0, "item_count": 0, "rows": 0}, None),
        # The list got shorter while it was read.
        (2, {"item_count": 24}, 1),
        (3, {"item_count": 24}, 2),
        (3, {"item_count": 4, "page_count": 1}, 1),
        # It got longer at its end.
        (3, {"item_count": 31, "page_count": 4}, 4),
        # Headers are missing.
        (2, {"page_count": None, "item_count": None}, 3),
        (2, {"page_count": None, "item_count": None, "rows": 0}, None),
        (2, {"item_count": None}, 3),
    ],
)
def test_the_next_page_follows_from_the_headers(
    page: int, changed: dict[str, Any], after: int | None
) -> None:
    scan = Scan(UNIT, page, NOW, 25, 10)
    assert next_page(scan, facts(**changed)) == after


def test_pages_of_another_length_do_not_fit_to_those_before() -> None:
    assert has_other_pages(Scan(UNIT, 2, NOW, 25, 10), facts(limit=9))
    assert not has_other_pages(Scan(UNIT, 2, NOW, 25, 10), facts())
    assert not has_other_pages(Scan(UNIT, 1, NOW, 25, 10), facts(limit=9))


def test_a_scan_is_as_old_as_its_oldest_answer() -> None:
    earlier = NOW - timedelta(hours=3)
    assert Scan(UNIT).began(NOW) == NOW
    assert Scan(UNIT, 2, NOW).began(earlier) == earlier
    assert Scan(UNIT, 2, earlier).began(NOW) == earlier


@given(
    length=st.integers(1, 40),
    limit=st.integers(1, 7),
    moves=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5)), max_size=6),
)
def test_what_is_there_from_beginning_to_end_is_read_whatever_leaves_meanwhile(
    length: int, limit: int, moves: list[tuple[int, int]]
) -> None:
    """Before each page comments leave from anywhere; their number in all is that of the moves."""
    listed = list(range(length))
    leaving = list(moves)
    scan, read = Scan(UNIT), set()
    for _ in range(1000):
        if leaving and scan.page > 1:
            place, count = leaving.pop()
            del listed[place : place + count]
        start = (scan.page - 1) * limit
        rows = listed[start : start + limit]
        read |= set(rows)
        page = facts(
            rows=len(rows), limit=limit, page_count=-(-len(listed) // limit), item_count=len(listed)
        )
        after = next_page(scan, page)
        if after is None:
            break
        scan = Scan(UNIT, after, NOW, page.item_count, limit)
    else:
        raise AssertionError("the scan does not end")
    assert set(listed) <= read
