"""The soak's page and its verdict: what a run said, and what may not have grown."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.soak.growth import Size
from bench.soak.page import Lived, Outcome, said, write
from bench.soak.plan import KINDS, Day, Fault, Place
from bench.soak.verdict import Check, growth, nothing

ROOT = Path("/somewhere/soak")
MEGABYTE = 1 << 20
LAYERS = {"raw": 1, "staging": 1, "marts": 1, "history": 1, "meta": 1}
RED = """What is wrong:
  download.title_akas: http://x: /somewhere/soak/daily/a.part: cut off

FAILED  download.title_akas
    try 1 failed
    (all of it: there)
FAILED in 9 s"""
SIZE = Size(2, LAYERS, 9 * MEGABYTE, MEGABYTE, 200, MEGABYTE, 14)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("some lines\ndone in 27 s\nconnect: make psql", "green"),
        (RED, "download.title_akas: http://x: …/daily/a.part: cut off"),
        ("Airflow ended before the run began\nmake: *** [run] Error 1",
         "Airflow ended before the run began"),
        ("Postgres ended during the run\nits log\nFAILED in 9 s", "Postgres ended during the run"),
        ("", "nothing"),
    ],
)  # fmt: skip
def test_a_run_is_told_in_one_line(text: str, line: str) -> None:
    assert said(text, ROOT) == line


def wrong(last: Size, *, runs: int = 2) -> list[str]:
    checks = growth(SIZE, last, SIZE, runs=runs, served=100, files=7)
    return [check.what for check in checks if not check.good]


def test_what_has_not_grown_is_fine() -> None:
    assert wrong(replace(SIZE, day=30)) == []


@pytest.mark.parametrize(
    ("last", "what"),
    [
        (replace(SIZE, layers=LAYERS | {"staging": 9 * MEGABYTE}), "bytes in the schema staging"),
        (replace(SIZE, layers=LAYERS | {"meta": MEGABYTE}), "bytes of ledger and logs in `meta`"),
        (replace(SIZE, airflow=9 * MEGABYTE), "bytes of Airflow's metadata"),
        (replace(SIZE, logs=9 * MEGABYTE), "bytes of log files"),
        (replace(SIZE, data=300), "bytes in the data folder"),
        (replace(SIZE, files=15), "files in the data folder"),
    ],
)
def test_what_has_grown_is_named(last: Size, what: str) -> None:
    assert [name.partition(",")[0] for name in wrong(last)] == [what]


def test_the_page_says_what_was_not_right_and_which_fault_did_not_strike(tmp_path: Path) -> None:
    fault = Fault(KINDS["kill-run"], Place("load", "title.akas"))
    struck = Lived(
        Day(3, fault), Outcome(None, "killed", 9.0), Outcome(0, "green", 30.0), struck=True
    )
    missed = Lived(Day(4, fault), Outcome(0, "green", 30.0), why_not="the run never came there")
    missed.findings.append("sessions left: a|b at 127.0.0.1:4711")
    checks = [nothing("differences", ["x is not y"], good="none"), Check("a", "b", "c", True)]
    page = tmp_path / "soak.md"
    write(page, ["`make soak`"], checks, [Lived(Day(2, skipped=True)), struck, missed], [SIZE])
    text = page.read_text("utf-8")
    for words in (
        "**Something is not as it should be.**",
        "| differences | none | x is not y | **no** |",
        "| 2 | skipped: nobody ran it |",
        "| 3 | `kill -9` of all processes of the run (load title.akas) | killed | 9 | green | 30 |",
        "**did not strike**: the run never came there",
        "- day 4: sessions left",
    ):
        assert words in text
