"""The question of make metrics: how it is read, and how a wrong one is refused."""

from datetime import datetime

import pytest

from include.local.layout import LocalError
from include.local.metrics import ROWS, parse
from include.local.semantics import Question


def test_a_question_is_read_as_it_is_typed() -> None:
    words = "--metrics roi,movies --metrics revenue --group-by title, year --order -roi"
    with pytest.raises(LocalError, match="unexpected extra argument"):
        parse(words)
    more = '--where "release_year > 2000" --start-time 2020-01-01 --limit 5 --explain'
    assert parse(f"{words.replace(', ', ',')} {more}") == (
        Question(
            ("roi", "movies", "revenue"),
            ("title", "year"),
            ("release_year > 2000",),
            ("-roi",),
            5,
            datetime(2020, 1, 1),
        ),
        True,
    )
    assert parse("--metrics roi") == (Question(("roi",), limit=ROWS), False)


@pytest.mark.parametrize("query", ["--measures roi", "--limit 0", "--metrics 'roi", "--end-time x"])
def test_a_question_that_cannot_be_read_is_shown_with_the_words_that_can(query: str) -> None:
    with pytest.raises(LocalError, match=r"^QUERY=.* Ask with make metrics QUERY="):
        parse(query)
