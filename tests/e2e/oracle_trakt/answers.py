"""What Trakt answered, as the raw tables have it, and the seeds."""

import contextlib
import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg2
import yaml
from psycopg2 import sql
from psycopg2.extras import RealDictCursor

from tests.e2e.oracle_trakt.values import utc_day

Row = dict[str, Any]
Key = tuple[Any, ...]

_NEWEST = """
    select distinct on ({keys}) {keys}, raw_data, ingested_at from raw.{table}
    where http_status = 200 order by {keys}, answer_id desc
"""


@dataclass(frozen=True, slots=True)
class TraktAnswers:
    """Comments by number, their states and days, and the newest answers by key.

    An answer is (body, when it was got).
    """

    comments: Mapping[int, Row]
    states: list[Row]
    days: list[Row]
    titles: Mapping[Key, tuple[Any, Any]]
    seasons: Mapping[Key, tuple[Any, Any]]
    ratings: Mapping[Key, tuple[Any, Any]]
    stats: Mapping[Key, tuple[Any, Any]]
    imdb: Mapping[str, tuple[Decimal, int]]

    @property
    def today(self) -> date:
        """Return the day of the newest answer."""
        times = [
            comment[name]
            for comment in self.comments.values()
            for name in ("first_seen_at", "gone_at", "hidden_at")
        ]
        times += [state["first_seen"] for state in self.states]
        for answers in (self.titles, self.seasons, self.ratings, self.stats):
            times += [at for _, at in answers.values()]
        days = {utc_day(at) for at in times} | {row["observed_on"] for row in self.days}
        return max(day for day in days if day)


@dataclass(frozen=True, slots=True)
class TraktSeeds:
    """Thresholds by name, labels in their order with bounds by measure, years of releases."""

    thresholds: Mapping[str, int]
    quadrants: list[tuple[str, dict[str, tuple[Decimal | None, Decimal | None]]]]
    years: range


def read_trakt_answers(url: str) -> TraktAnswers:
    """Read all that was landed."""
    with (
        contextlib.closing(psycopg2.connect(url)) as connection,
        connection.cursor(cursor_factory=RealDictCursor) as cursor,
    ):

        def rows(query: str | sql.Composed) -> list[Row]:
            cursor.execute(query)
            return [dict(row) for row in cursor.fetchall()]

        def newest(table: str, *key: str) -> dict[Key, tuple[Any, Any]]:
            query = sql.SQL(_NEWEST).format(
                keys=sql.SQL(", ").join(map(sql.Identifier, key)), table=sql.Identifier(table)
            )
            return {
                tuple(row[name] for name in key): (row["raw_data"], row["ingested_at"])
                for row in rows(query)
            }

        published = rows("select to_regclass('marts.mart_top_titles') is not null as found")
        imdb = rows("select * from marts.mart_top_titles") if published[0]["found"] else []
        return TraktAnswers(
            {row["comment_id"]: row for row in rows("select * from raw.trakt_comments")},
            rows("select * from raw.trakt_comment_versions"),
            rows("select * from raw.trakt_comment_measures"),
            newest("trakt_titles", "level", "title_id"),
            newest("trakt_seasons", "title_id"),
            newest("trakt_ratings", "level", "title_id"),
            newest("trakt_stats", "level", "title_id"),
            {row["tconst"]: (row["average_rating"], row["num_votes"]) for row in imdb},
        )


def read_trakt_seeds(project: Path) -> TraktSeeds:
    """Read the seeds and the vars of the dbt project."""
    folder = project / "seeds" / "trakt"
    with (folder / "engagement_thresholds.csv").open(encoding="utf-8") as file:
        thresholds = {row["name"]: int(row["value"]) for row in csv.DictReader(file)}
    labels: dict[str, dict[str, tuple[Decimal | None, Decimal | None]]] = {}
    with (folder / "engagement_quadrants.csv").open(encoding="utf-8") as file:
        for row in sorted(csv.DictReader(file), key=lambda row: int(row["priority"])):
            bounds = labels.setdefault(row["quadrant"], {})
            if row["measure"]:
                lower, upper = (
                    Decimal(row[name]) if row[name] else None
                    for name in ("lower_bound", "upper_bound")
                )
                bounds[row["measure"]] = (lower, upper)
    settings = yaml.safe_load((project / "dbt_project.yml").read_text("utf-8"))["vars"]
    years = range(settings["trakt_first_year"], settings["trakt_last_year"] + 1)
    return TraktSeeds(thresholds, list(labels.items()), years)
