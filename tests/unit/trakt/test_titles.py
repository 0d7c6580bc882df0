"""Which parts of a show may have comments, and what makes another answer about a title."""

from trakt_pipeline.titles import parts, without


def test_an_episode_needs_a_count_above_zero_and_a_season_none() -> None:
    found = parts(
        7,
        [
            {"number": 0, "comment_count": 0, "episodes": None},
            {
                "number": 1,
                "episodes": [
                    {"season": 1, "number": 1, "comment_count": 4},
                    {"season": 1, "number": 2},
                    {"season": 1, "number": 3, "comment_count": 0},
                ],
            },
            {"number": 2, "comment_count": 3},
        ],
    )
    assert [unit.path for unit in found] == [
        "shows/7/seasons/1/comments",
        "shows/7/seasons/1/episodes/1/comments",
        "shows/7/seasons/2/comments",
    ]


def test_keys_are_left_out_at_any_depth() -> None:
    data = [{"votes": 1, "title": "A", "episodes": [{"votes": 2, "number": 3}]}, 4]
    assert without(data, frozenset({"votes"})) == [{"title": "A", "episodes": [{"number": 3}]}, 4]
