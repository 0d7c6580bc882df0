"""The seeds of TMDb and the vars of the dbt project."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_FLAGS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class TmdbSeeds:
    """Tiers are (name, lower, upper or None) and (name, least), genres (group, blockbuster)."""

    budget_tiers: list[tuple[str, int, int | None]]
    studio_tiers: list[tuple[str, int]]
    genre_groups: dict[int, tuple[str, bool]]
    regions: dict[str, str]
    settings: dict[str, Any]

    @property
    def years(self) -> range:
        """Return the years in which something can be released."""
        return range(self.settings["tmdb_first_year"], self.settings["tmdb_last_year"] + 1)

    @property
    def money_floor(self) -> int:
        """Return the least amount in dollars that counts."""
        return int(self.settings["tmdb_money_floor_usd"])

    @property
    def least_votes(self) -> int:
        """Return how many votes are enough."""
        return int(self.settings["tmdb_rating_least_votes"])


def read_seeds(project: Path) -> TmdbSeeds:
    """Read the seeds and vars of the dbt project in a folder."""
    folder = project / "seeds" / "tmdb"
    return TmdbSeeds(
        budget_tiers=[
            (
                row["budget_tier"],
                int(row["lower_bound_usd"]),
                int(row["upper_bound_usd"]) if row["upper_bound_usd"] else None,
            )
            for row in _csv(folder / "budget_tiers.csv")
        ],
        studio_tiers=[
            (row["studio_tier"], int(row["least_movies"]))
            for row in _csv(folder / "studio_tiers.csv")
        ],
        genre_groups={
            int(row["genre_id"]): (row["genre_group"], _FLAGS[row["is_blockbuster_genre"]])
            for row in _csv(folder / "genre_groups.csv")
        },
        regions={
            row["country_code"]: row["region"] for row in _csv(folder / "country_regions.csv")
        },
        settings=yaml.safe_load((project / "dbt_project.yml").read_text("utf-8"))["vars"],
    )


def _csv(path: Path) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)
