"""stg_tmdb__credits and bridge_person_project."""

from collections.abc import Iterator

from tests.e2e.oracle_tmdb.keys import surrogate
from tests.e2e.oracle_tmdb.things import Row, Thing, Things
from tests.e2e.oracle_tmdb.values import Body, integer, objects, part, text

_LONGEST_ID = 200


def bridge_person_project(things: Things) -> list[Row]:
    """Return one row per credit."""
    return [_row(credit, things) for credit in credits_of(things).values()]


def credits_of(things: Things) -> dict[str, Row]:
    """Return the credits by credit_id: those of a movie first, then of a show, of a person."""
    found: dict[str, Row] = {}
    for media_type, read in (("movie", _of_movie), ("tv", _of_show), ("person", _of_person)):
        for thing in sorted(things.all_now(media_type), key=lambda each: each.id):
            for credit in read(thing):
                complete = None not in (credit["person_id"], credit["project_id"])
                if credit["credit_id"] is not None and complete:
                    found.setdefault(credit["credit_id"], credit)
    return found


def _of_movie(movie: Thing) -> Iterator[Row]:
    parts = part(movie.body, "credits")
    for role_kind in ("cast", "crew"):
        for each in objects(parts, role_kind):
            yield _credit(role_kind, each, each) | {
                "media_type": "movie",
                "project_id": movie.id,
                "project_title": movie.name,
                "person_id": integer(each.get("id")),
                "person_name": text(each.get("name")),
            }


def _of_show(show: Thing) -> Iterator[Row]:
    parts = part(show.body, "aggregate_credits")
    for role_kind, roles in (("cast", "roles"), ("crew", "jobs")):
        for member in objects(parts, role_kind):
            for each in objects(member, roles):
                yield _credit(role_kind, each, member) | {
                    "media_type": "tv",
                    "project_id": show.id,
                    "project_title": show.name,
                    "person_id": integer(member.get("id")),
                    "person_name": text(member.get("name")),
                    "episodes": integer(each.get("episode_count")),
                }


def _of_person(person: Thing) -> Iterator[Row]:
    parts = part(person.body, "combined_credits")
    for role_kind in ("cast", "crew"):
        for each in objects(parts, role_kind):
            media_type = each.get("media_type")
            if media_type not in {"movie", "tv"}:
                continue
            is_show = media_type == "tv"
            yield _credit(role_kind, each, each) | {
                "media_type": media_type,
                "project_id": integer(each.get("id")),
                "project_title": text(each.get("title")) or text(each.get("name")),
                "person_id": person.id,
                "person_name": person.name,
                "episodes": integer(each.get("episode_count")) if is_show else None,
            }


def _credit(role_kind: str, each: Body, member: Body) -> Row:
    """Return what the credit itself says; `member` has the department and the order."""
    is_cast = role_kind == "cast"
    return {
        "credit_id": _credit_id(each.get("credit_id")),
        "role_kind": role_kind,
        "character": text(each.get("character")) if is_cast else None,
        "department": None if is_cast else text(member.get("department")),
        "job": None if is_cast else text(each.get("job")),
        "episodes": None,
        "credit_order": integer(member.get("order")) if is_cast else None,
    }


def _credit_id(value: object) -> str | None:
    found = text(value)
    return found if found and len(found.encode()) <= _LONGEST_ID else None


def _row(credit: Row, things: Things) -> Row:
    person = things.now("person", credit["person_id"])
    project = things.now(credit["media_type"], credit["project_id"])
    return credit | {
        "person_sk": surrogate("person", credit["person_id"]),
        "project_sk": surrogate(credit["media_type"], credit["project_id"]),
        "person_name": (person.name if person else None) or credit["person_name"],
        "project_title": (project.name if project else None) or credit["project_title"],
        "has_person_details": person is not None,
        "has_project_details": project is not None,
    }
