"""The docs name what exists, and the repository contains nothing that it must not."""

import re
import subprocess
from pathlib import Path

import pytest

from imdb_pipeline.config import Settings

ROOT = Path(__file__).parents[3]
PAGES = sorted(
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("bench/*.md")]
    if path.is_file()
)
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
# Fetches from IMDb itself, which a test must not do; the same path is run against a local source.
NOT_RUN_BY_TESTS = {"make run SOURCE=imdb"}


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name]


def commands(text: str) -> set[str]:
    """The `make …` commands of a page, in code."""
    code = re.findall(r"`(make [^`]+)`", text)
    for block in re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL):
        code += [line.split("  #")[0].strip() for line in block.splitlines()]
    return {line for line in code if line.startswith("make ")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text("utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_command_is_a_verb_of_the_makefile(page: Path) -> None:
    verbs = set(re.findall(r"^([a-z-]+):", MAKEFILE, flags=re.MULTILINE))
    assert {line.split()[1] for line in commands(page.read_text("utf-8"))} <= verbs


def test_every_verb_of_the_readme_is_run_by_a_test() -> None:
    tests = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests" / "e2e").glob("*.py"))
    calls = r'(?:\.(?:make|start)\(\s*|visit\(installation, |run\("make", )"([a-z-]+)"'
    run = set(re.findall(calls, tests)) | {"test", "manifest"}  # `make test` makes the manifest
    named = commands((ROOT / "README.md").read_text("utf-8")) - NOT_RUN_BY_TESTS
    assert {line.split()[1] for line in named} <= run
    for line in named:
        for variable in re.findall(r"\b([A-Z_]+)=", line):
            assert variable in tests, line


def test_settings_named_in_the_docs_exist() -> None:
    fields = {f"IMDB_{name.upper()}" for name in Settings.__dataclass_fields__}
    for page in [*PAGES, ROOT / ".env.example"]:
        assert set(re.findall(r"\bIMDB_[A-Z_]*[A-Z]\b", page.read_text("utf-8"))) <= fields, page


def test_nothing_generated_and_no_data_is_tracked() -> None:
    bad = re.compile(
        r"(^|/)(target|dbt_packages|logs|__pycache__|\.local|\.venv)/|\.tsv(\.gz)?$|uv\.lock$"
    )
    assert [path for path in tracked() if bad.search(path.relative_to(ROOT).as_posix())] == []


def test_no_tracked_file_names_a_package_registry() -> None:
    # In two parts, so that this file is not a finding.
    hosts = re.compile("|".join(("python" + "hosted", "npm" + "js", "pypi" + r"\.org")))
    found = [
        path.relative_to(ROOT).as_posix()
        for path in tracked()
        if path.is_file() and hosts.search(path.read_text("utf-8", "ignore"))
    ]
    assert found == []


def test_every_test_of_a_promise_is_linked_from_it() -> None:
    page = (ROOT / "docs" / "promises.md").read_text("utf-8")
    promises = re.split(r"^## (\d+)\. ", page, flags=re.MULTILINE)[1:]
    linked = dict(zip(promises[::2], promises[1::2], strict=True))
    assert list(linked) == [str(number) for number in range(1, 11)]
    files = sorted((ROOT / "tests" / "promises").glob("test_*.py"))
    assert len(files) > 10
    for path in files:
        assert f"tests/promises/{path.name})" in linked[path.name.split("_")[1]], path.name


def test_the_promises_name_every_long_test() -> None:
    page = (ROOT / "docs" / "promises.md").read_text("utf-8")
    marked = r"^@pytest\.mark\.full\n(?:@[^\n]*\n)*def (\w+)"
    found = {
        f"{path.name}::{name}"
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(marked, path.read_text("utf-8"), flags=re.MULTILINE)
    }
    assert set(re.findall(r"`(test_\w+\.py::\w+)`", page)) == found
