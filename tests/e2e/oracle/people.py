"""mart_person_career: everybody who is credited."""

from collections import Counter, defaultdict
from typing import Any

from tests.e2e.oracle.exact import mean, ratio
from tests.e2e.oracle.files import Credit, Files, Person
from tests.e2e.oracle.seeds import Seeds

Row = dict[str, Any]

_UNKNOWN = Person(None, None, None)


def person_career(files: Files, seeds: Seeds, top_titles: list[Row]) -> list[Row]:
    """Return one row per credited person; `top_titles` are the rows of mart_top_titles."""
    years = [row["start_year"] for row in top_titles if row["start_year"] is not None]
    reference = max(years, default=None)
    top = {row["tconst"]: row for row in top_titles}
    credits_of: dict[str, list[Credit]] = defaultdict(list)
    for credit in files.credits:
        credits_of[credit.nconst].append(credit)
    rows = []
    for nconst, of_person in credits_of.items():
        person = files.people.get(nconst, _UNKNOWN)
        row: Row = {
            "nconst": nconst,
            "person_name": person.name,
            "birth_year": person.birth_year,
            "death_year": person.death_year,
            **_roles(of_person),
            **_years(of_person, files, reference),
            **_ratings({credit.tconst for credit in of_person}, files, top),
        }
        seeds.label("mart_person_career", row)
        rows.append(row)
    return rows


def _roles(of_person: list[Credit]) -> Row:
    roles = Counter(credit.category for credit in of_person)
    return {
        "total_credits": len(of_person),
        "directing_credits": roles["director"],
        "distinct_titles": len({credit.tconst for credit in of_person}),
        "distinct_roles": len({credit.category for credit in of_person}),
        "dominant_role": min(roles, key=lambda role: (-roles[role], role)),
    }


def _years(of_person: list[Credit], files: Files, reference: int | None) -> Row:
    known = {files.titles[c.tconst].start_year for c in of_person if _is_dated_work(c, files)}
    years = sorted(year for year in known if year is not None)
    if not years:
        return dict.fromkeys(
            (
                "first_credit_year",
                "last_credit_year",
                "career_span_years",
                "years_since_last_credit",
                "active_decades",
            )
        )
    first, last = years[0], years[-1]
    return {
        "first_credit_year": first,
        "last_credit_year": last,
        "career_span_years": last - first,
        "years_since_last_credit": None if reference is None else reference - last,
        "active_decades": sorted({year - year % 10 for year in years}),
    }


def _is_dated_work(credit: Credit, files: Files) -> bool:
    return not credit.is_archive and credit.tconst in files.titles


def _ratings(tconsts: set[str], files: Files, top: dict[str, Row]) -> Row:
    rated = [files.rating(tconst) for tconst in tconsts]
    rated = [rating for rating in rated if rating.average is not None]
    voted = [(r.average, r.votes) for r in rated if r.average is not None and r.votes is not None]
    votes = sum(votes for _, votes in voted)
    best = min(
        (top[tconst] for tconst in tconsts if tconst in top),
        key=lambda row: int(row["overall_rank"]),
        default=None,
    )
    return {
        "rated_titles": len(rated),
        "avg_project_rating": mean((rating.average for rating in rated), 2),
        "vote_weighted_rating": ratio(sum(rating * n for rating, n in voted), votes, 2),
        "total_votes": votes,
        "best_title_tconst": best and best["tconst"],
        "best_title": best and best["primary_title"],
        "best_title_score": best and best["weighted_score"],
    }
