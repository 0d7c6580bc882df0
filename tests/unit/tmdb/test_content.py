"""The content of an answer is what makes a new version of it; windows of changes have no gaps."""

import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tmdb_pipeline.content import content_sha256
from tmdb_pipeline.landing import refused_text
from tmdb_pipeline.walks import windows

TODAY = date(2031, 3, 3)
MOVIE = {
    "id": 1,
    "title": "A",
    "popularity": 1.5,
    "poster_path": "/a.jpg",
    "credits": {"cast": [{"id": 2, "vote_count": 3, "profile_path": None}]},
}


@pytest.mark.parametrize(
    ("change", "is_another"),
    [
        ({"popularity": 9}, False),
        ({"poster_path": None}, False),
        ({"credits": {"cast": [{"profile_path": "/b.jpg", "vote_count": 4, "id": 2}]}}, False),
        ({"vote_average": 1.0}, False),
        ({"title": "B"}, True),
        ({"credits": {"cast": []}}, True),
        ({"softcore": False}, True),
    ],
)
def test_votes_popularity_and_pictures_are_no_content(
    change: dict[str, object], *, is_another: bool
) -> None:
    changed = dict(reversed(list((MOVIE | change).items())))

    assert (content_sha256(changed) != content_sha256(MOVIE)) is is_another


@given(st.integers(0, 100))
def test_windows_cover_all_days_since_a_day_before_the_last_end(days: int) -> None:
    last_end = TODAY - timedelta(days=days)
    found = list(windows(last_end, TODAY))

    assert found[0][0] == last_end - timedelta(days=1)
    assert found[-1][1] == TODAY
    assert all(timedelta(0) < end - start <= timedelta(days=14) for start, end in found)
    assert [start for start, _ in found[1:]] == [end for _, end in found[:-1]]


def test_the_first_window_is_the_last_day() -> None:
    assert list(windows(None, TODAY)) == [(TODAY - timedelta(days=1), TODAY)]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('{"a": ["b", "\\u0000"]}', "data.a[1]"),
        ('{"a": "\\ud83d"}', "data.a"),
        ('{"a\\u0000": 1}', "data"),
        ('{"a": "\\ud83d\\ude00 \\\\u0000"}', None),
    ],
)
def test_text_that_jsonb_cannot_hold_is_found(text: str, where: str | None) -> None:
    assert refused_text(json.loads(text)) == where
