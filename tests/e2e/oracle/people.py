"""mart_person_titles and mart_person_career: who worked on what, and what became of it."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.e2e.oracle.exact import mean, ratio
from tests.e2e.oracle.files import UNRATED, CreditLine, Files, Person, Rating, Title
from tests.e2e.oracle.seeds import Family, Seeds
from tests.e2e.oracle.titles import number

Row = dict[str, Any]

_UNKNOWN_PERSON = Person(None, None, None)
_RANKED_GROUPS = {"Film", "Series"}


@dataclass(frozen=True, slots=True)
class Part:
    """What a person did in a title: its lines, and the facts of the title."""

    nconst: str
    tconst: str
    work: str
    title: Title | None
    rating: Rating
    lines: tuple[CreditLine, ...]
    families: frozenset[Family]

    @property
    def is_adult(self) -> bool:
        """Whether the title is known as an adult title."""
        return self.title is not None and self.title.adult

    @property
    def year(self) -> int | None:
        """First year of the title."""
        return self.title.start_year if self.title else None

    @property
    def archive(self) -> list[Family]:
        """Credits that are footage or sound of the person."""
        return [family for family in self.families if family.is_archive]

    @property
    def work_done(self) -> list[Family]:
        """Credits that are no archive credits."""
        return [family for family in self.families if not family.is_archive]

    @property
    def counts(self) -> bool:
        """Whether the person's figures are made of it."""
        return bool(self.work_done) and not self.is_adult


def parts_of_people(files: Files, seeds: Seeds) -> list[Part]:
    """Return every pair of person and title of title.principals."""
    series_of = {each.tconst: each.parent for each in files.episodes if each.parent is not None}
    lines_of: dict[tuple[str, str], list[CreditLine]] = defaultdict(list)
    for line in files.lines:
        lines_of[line.nconst, line.tconst].append(line)
    return [
        Part(
            nconst,
            tconst,
            series_of.get(tconst, tconst),
            files.titles.get(tconst),
            files.ratings.get(tconst, UNRATED),
            tuple(sorted(lines, key=lambda line: line.ordering)),
            frozenset(seeds.family(line.category) for line in lines),
        )
        for (nconst, tconst), lines in lines_of.items()
    ]


def person_titles(parts: Sequence[Part], top: Mapping[str, Row]) -> list[Row]:
    """Return one row per person and title; `top` is mart_top_titles by tconst."""
    rows = [_person_title(part) for part in parts]
    ranked = [
        (top[row["tconst"]], row)
        for row in rows
        if row["counts"]
        and row["tconst"] in top
        and top[row["tconst"]]["type_group"] in _RANKED_GROUPS
        and top[row["tconst"]]["score_percentile"] is not None
    ]
    ranked.sort(
        key=lambda pair: (-pair[0]["score_percentile"], -pair[0]["num_votes"], pair[0]["tconst"])
    )
    number((row for _, row in ranked), "title_rank", lambda row: row["nconst"])
    return rows


def _person_title(part: Part) -> Row:
    title = part.title
    names = [name for line in part.lines for name in line.characters or ()]
    return {
        "nconst": part.nconst,
        "tconst": part.tconst,
        "work_tconst": part.work,
        "roles": sorted({family.name for family in part.families}),
        "characters": list(dict.fromkeys(names)) or None,
        "is_archive": not part.work_done,
        "counts": part.counts,
        "title_rank": None,
        "primary_title": title.primary_title if title else None,
        "title_type": title.title_type if title else None,
        "start_year": part.year,
        "is_adult": part.is_adult,
        "average_rating": part.rating.average,
        "num_votes": part.rating.votes,
    }


def person_career(
    files: Files,
    seeds: Seeds,
    parts: Sequence[Part],
    best: Mapping[str, Row],
    reference_year: int,
) -> list[Row]:
    """Return one row per credited person; `best` is the best title by person."""
    parts_of: dict[str, list[Part]] = defaultdict(list)
    for part in parts:
        parts_of[part.nconst].append(part)
    rows = []
    for nconst, of_person in parts_of.items():
        person = files.people.get(nconst, _UNKNOWN_PERSON)
        counted = [part for part in of_person if part.counts]
        best_title = best.get(nconst, {})
        row: Row = {
            "nconst": nconst,
            "person_name": person.name,
            "birth_year": person.birth_year,
            "death_year": person.death_year,
            "is_deceased": person.death_year is not None,
            "archive_credits": sum(len(part.archive) for part in of_person),
            "adult_credits": sum(len(part.work_done) for part in of_person if part.is_adult),
            **_roles(counted),
            **_years(counted, person, reference_year),
            **_ratings(counted),
            "best_title_tconst": best_title.get("tconst"),
            "best_title": best_title.get("primary_title"),
            "best_title_score": best_title.get("weighted_score"),
        }
        seeds.label("mart_person_career", row)
        rows.append(row)
    return rows


def _roles(counted: list[Part]) -> Row:
    families = Counter(family for part in counted for family in part.work_done)
    names: Counter[str] = Counter()
    for family, times in families.items():
        names[family.name] += times
    return {
        "total_credits": names.total(),
        "directing_credits": names["directing"],
        "distinct_titles": len({part.work for part in counted}),
        "distinct_roles": len({family.name for family in families if family.is_role}),
        "dominant_role": min(names, key=lambda name: (-names[name], name), default=None),
    }


def _years(counted: list[Part], person: Person, reference_year: int) -> Row:
    posthumous = upcoming = 0
    years: list[int] = []
    for part in counted:
        if part.year is None:
            continue
        if _is_outside_life(part.year, person):
            posthumous += len(part.work_done)
        elif part.year > reference_year:
            upcoming += len(part.work_done)
        else:
            years.append(part.year)
    first, last = min(years, default=None), max(years, default=None)
    return {
        "posthumous_credits": posthumous,
        "upcoming_credits": upcoming,
        "first_credit_year": first,
        "last_credit_year": last,
        "career_span_years": None if first is None or last is None else last - first,
        "years_since_last_credit": None if last is None else reference_year - last,
        "active_decades": sorted({year - year % 10 for year in years}) or None,
    }


def _is_outside_life(year: int, person: Person) -> bool:
    born_later = person.birth_year is not None and year < person.birth_year
    return born_later or (person.death_year is not None and year > person.death_year + 1)


def _ratings(counted: list[Part]) -> Row:
    of_works: dict[str, list[Decimal]] = defaultdict(list)
    for part in counted:
        if part.rating.average is not None:
            of_works[part.work].append(part.rating.average)
    voted = [
        (part.rating.average, part.rating.votes)
        for part in counted
        if part.rating.average is not None and part.rating.votes is not None
    ]
    votes = sum(n for _, n in voted)
    return {
        "rated_titles": len(of_works),
        "avg_project_rating": mean((mean(ratings, 2) for ratings in of_works.values()), 2),
        "vote_weighted_rating": ratio(sum(rating * n for rating, n in voted), votes, 2),
        "total_votes": votes,
    }
