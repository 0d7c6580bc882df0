"""Stored sections, and the page that is made of them."""

from pathlib import Path

import pytest

from bench import document, results
from bench.context import repeats_asked
from bench.results import Goal, Measured, Table, judged
from bench.sections import SECTIONS
from bench.sections.queries import misspelt
from include.local.layout import LocalError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BENCH_DIR", str(tmp_path))
    monkeypatch.setattr(document, "PAGE", tmp_path / "performance.md")
    monkeypatch.setattr(document, "REMARKS", tmp_path / "remarks")
    return tmp_path


MEASURED = Measured(
    how="In some way.",
    tables=[Table(["way", "seconds"], [["ours", "1.5"]])],
    goals=[
        Goal("a figure", "≥ 2×", "2.5×", True),
        Goal("another", "≤ 1 s", "3 s", False),
        Goal("a third", "≤ 1 s", "3 s", None),
    ],
    remarks=["A remark."],
)


def test_what_is_stored_comes_back_with_its_conditions(folder: Path) -> None:
    stored = results.store("load", MEASURED, titles=20, rows=330, repeats=3)
    assert results.load("load") == stored
    assert (stored.titles, stored.rows) == (20, 330)
    assert stored.command == "make bench ONLY=load TITLES=20"
    assert str(folder) not in stored.machine + stored.versions


def test_a_section_that_was_never_measured_is_none(folder: Path) -> None:
    assert results.load("chain") is None


def test_the_page_has_figures_goals_and_tables_of_each_section(folder: Path) -> None:
    stored = results.store("load", MEASURED, titles=20, rows=330, repeats=3)
    document.write([stored])
    page = document.PAGE.read_text("utf-8")
    assert "| load | a figure | ≥ 2× | 2.5× | yes | 330 |" in page
    assert "| load | another | ≤ 1 s | 3 s | **no** | 330 |" in page
    assert "| load | a third | ≤ 1 s | 3 s | too small to say | 330 |" in page
    for words in ("## The first load", "`make bench ONLY=load TITLES=20`", "In some way.",
                  "| ours | 1.5 |", "A remark."):  # fmt: skip
        assert words in page


def test_remarks_written_by_hand_are_taken_up(folder: Path) -> None:
    document.REMARKS.mkdir()
    (document.REMARKS / "load.md").write_text("The disk is the limit.\n", "utf-8")
    document.write([results.store("load", MEASURED, titles=20, rows=330, repeats=3)])
    assert "A remark.\n\nThe disk is the limit.\n" in document.PAGE.read_text("utf-8")


def test_few_rows_reach_or_miss_nothing() -> None:
    assert judged(1_000, True) is judged(1_000, False) is None
    assert judged(2_000_000, True) is True
    assert judged(2_000_000, False) is False


def test_fewer_than_three_repeats_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REPEATS", "2")
    with pytest.raises(LocalError, match="at least 3"):
        repeats_asked()


def test_the_readme_names_every_section() -> None:
    readme = (Path(document.__file__).parent / "README.md").read_text("utf-8")
    for section in SECTIONS:
        assert f"| `{section.name}` |" in readme


def test_a_misspelt_name_is_near_to_the_name_and_another_one() -> None:
    import random

    draw = random.Random(1)
    for name in ("The Kettle", "Velorwick", "ab" * 10):
        wrong = misspelt(name, draw)
        assert wrong != name
        assert len(wrong) == len(name) - 1
        assert sorted(wrong) != sorted(name)
