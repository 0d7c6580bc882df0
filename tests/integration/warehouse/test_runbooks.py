"""Each query of the runbooks runs on a warehouse of this version, as the role that it names."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from tests.support.postgres import Cluster, Database

DOCS = Path(__file__).parents[3] / "docs"
PAGES = {page.stem: page for page in [DOCS / "service-levels.md", *DOCS.glob("runbooks/*.md")]}
BLOCK = re.compile(r"^```sql\n(.*?)^```", re.DOTALL | re.MULTILINE)
ROLE = re.compile(r"-- as: (analyst|pipeline)\n")
RUNBOOKS = (
    "429-storm", "contract-break", "stuck-feed", "mass-disappearance", "key-revoked",
    "erasure-request",
)  # fmt: skip


@pytest.fixture(scope="module")
def schema(postgres: Cluster) -> Iterator[Database]:
    """A warehouse for all queries: none of them commits."""
    with postgres.database() as database:
        yield database


def queries(text: str) -> list[tuple[str, str]]:
    """The role and the text of each block of SQL."""
    found = []
    for block in BLOCK.findall(text):
        role = ROLE.match(block)
        assert role, f"no role in the first line of: {block}"
        found.append((role[1], block))
    return found


@pytest.mark.parametrize("name", PAGES)
def test_every_query_runs_as_the_role_that_it_names(schema: Database, name: str) -> None:
    for role, query in queries(PAGES[name].read_text("utf-8")):
        with schema.session(role) as session, session.cursor() as cursor:
            try:
                cursor.execute(query)
            except psycopg2.Error as error:
                pytest.fail(f"{name}, as {role}: {error}\n{query}")
            assert cursor.rowcount >= 0


@pytest.mark.parametrize("name", RUNBOOKS)
def test_a_runbook_says_how_to_see_it_and_that_it_is_over(name: str) -> None:
    text = PAGES[name].read_text("utf-8")
    parts = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", text, flags=re.DOTALL | re.MULTILINE))
    assert list(parts) == ["How it shows", "Look", "Do", "Over when"]
    assert queries(parts["Look"])
    assert queries(parts["Over when"])
    assert re.search(r"`make |`TRAKT_", parts["Do"])
    assert f"({name}.md)" in PAGES["README"].read_text("utf-8")
