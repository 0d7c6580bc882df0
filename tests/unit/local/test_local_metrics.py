"""The question of make metrics: how it is read, and how a wrong one is refused."""

from datetime import datetime
from pathlib import Path

import pytest

from include.local.layout import LocalError
from include.local.metrics import ROWS, parse
from include.local.semantics import Question
from warehouse.builds.project import project_sha256


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


def test_a_changed_metric_builds_no_table(tmp_path: Path) -> None:
    metrics, model = tmp_path / "models/semantic/imdb/_metrics.yml", tmp_path / "models/mart.sql"
    metrics.parent.mkdir(parents=True)
    hashes: list[str] = []
    for path in (model, metrics, metrics, model):
        path.write_text(f"{path.exists()} {len(hashes)}", "utf-8")
        hashes.append(project_sha256(tmp_path))
    assert hashes[0] == hashes[1] == hashes[2] != hashes[3]
