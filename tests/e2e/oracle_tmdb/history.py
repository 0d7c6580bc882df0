"""The histories: the state of every thing at each build, one build after the other."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from tests.e2e.oracle_tmdb.answers import Answers, OracleAnswer
from tests.e2e.oracle_tmdb.genres import listed_genres
from tests.e2e.oracle_tmdb.keys import surrogate, version_key
from tests.e2e.oracle_tmdb.seeds import TmdbSeeds
from tests.e2e.oracle_tmdb.things import Row, Thing, things_of
from tests.e2e.oracle_tmdb.values import Body, array, integer, objects, text

Key = tuple[Any, ...]

_IMDB = {"movie": "tconst", "tv": "tconst", "person": "nconst"}
NAMES = {"movie": "movie", "tv": "show", "person": "person"}
"""What the columns of a media_type begin with."""
DATASETS = {"movie": "movies", "tv": "shows", "person": "people"}


@dataclass(frozen=True, slots=True)
class ThingState:
    """The tracked columns of a thing when a build began."""

    tracked: Row
    changed_at: datetime


@dataclass(slots=True)
class Version:
    """What a snapshot has of a thing for a time; `ends` is None while it is open."""

    tracked: Row
    begins: datetime
    ends: datetime | None = None


Histories = Mapping[Key, Sequence[Version]]


@dataclass(frozen=True, slots=True)
class KnownFor:
    """What the popular list last said that a person is known for."""

    titles: list[str] | None
    listed_at: datetime


def replay(builds: Iterable[Mapping[Key, ThingState]]) -> dict[Key, list[Version]]:
    """Return the versions of each key, from the states at each build, in order."""
    versions: dict[Key, list[Version]] = {}
    for states in builds:
        for key, state in states.items():
            of_key = versions.setdefault(key, [])
            if of_key:
                if of_key[-1].tracked == state.tracked:
                    continue
                of_key[-1].ends = state.changed_at
            of_key.append(Version(state.tracked, state.changed_at))
    return versions


def histories(
    answers: Answers, bounds: Sequence[int], seeds: TmdbSeeds
) -> tuple[dict[Key, list[Version]], dict[Key, list[Version]]]:
    """Return the versions of all things and of all genres.

    `bounds` are the newest load_id that each build read. Keys are (history, media_type, id) and
    (history, kind, genre_id).
    """
    reads = [answers.up_to(bound) for bound in bounds]
    return (
        replay(states_of_things(read, seeds) for read in reads),
        replay(_states_of_genres(read) for read in reads),
    )


def states_of_things(answers: Answers, seeds: TmdbSeeds) -> dict[Key, ThingState]:
    """Return the state of each thing."""
    things, known = things_of(answers, seeds), known_for(answers.lists)
    states: dict[Key, ThingState] = {}
    for media_type, dataset in DATASETS.items():
        history = answers.history(dataset)
        for number, thing in things.of(media_type).items():
            times = [thing.answered_at]
            if thing.gone_at:
                times.append(thing.gone_at)
            tracked = {**thing.columns, "is_gone": not thing.is_now}
            if media_type == "person":
                of_list = known.get(number)
                tracked["known_for_titles"] = of_list and of_list.titles
                if of_list:
                    times.append(of_list.listed_at)
            states[history, media_type, number] = ThingState(tracked, max(times))
    return states


def _states_of_genres(answers: Answers) -> dict[Key, ThingState]:
    history = answers.history("genres")
    return {
        (history, *key): ThingState(
            {"genre_name": genre.name, "is_listed": genre.is_listed}, genre.answered_at
        )
        for key, genre in listed_genres(answers.genres).items()
    }


def known_for(lists: Iterable[OracleAnswer]) -> dict[int, KnownFor]:
    """Return stg_tmdb__known_for by person: of the newest page that has the person."""
    found: dict[int, KnownFor] = {}
    for page in sorted(lists, key=lambda each: each.answer_id):
        if page.key[0] != "person" or page.status != 200:
            continue
        of_page: dict[int, KnownFor] = {}
        for item in objects(page.body, "results"):
            number = integer(item.get("id"))
            if number is not None:
                of_page.setdefault(number, KnownFor(_known_titles(item), page.ingested_at))
        found |= of_page
    return found


def _known_titles(item: Body) -> list[str] | None:
    titles: dict[tuple[str, int], str] = {}
    for work in objects(item, "known_for"):
        media_type, number = work.get("media_type"), integer(work.get("id"))
        title = text(work.get("title")) or text(work.get("name"))
        if media_type in {"movie", "tv"} and number is not None and title:
            titles.setdefault((media_type, number), title)
    return array([title for _, title in sorted(titles.items())])


def dim_history(media_type: str, versions: Histories, history: int) -> list[Row]:
    """Return the rows of dim_<things>_history: those of the newest history."""
    name = NAMES[media_type]
    rows: list[Row] = []
    for (of_history, kind, number), of_thing in versions.items():
        if (of_history, kind) != (history, media_type):
            continue
        shown = [
            each for each in of_thing if each.begins != each.ends and not each.tracked["is_gone"]
        ]
        for version_number, version in enumerate(shown, 1):
            tracked = dict(version.tracked)
            del tracked["is_gone"]
            rows.append(
                {
                    f"{name}_version_sk": version_key(kind, number, version.begins),
                    f"{name}_sk": surrogate(kind, number),
                    f"{name}_id": number,
                    _IMDB[kind]: tracked.pop("imdb_id"),
                    **tracked,
                    "version_number": version_number,
                    "is_current": version.ends is None,
                    "ended_by": _ended_by(version, of_thing),
                    "effective_date": version.begins,
                    "expiration_date": version.ends,
                }
            )
    return rows


def _ended_by(version: Version, of_thing: Sequence[Version]) -> str | None:
    if version.ends is None:
        return None
    after = [each for each in of_thing if each.begins == version.ends]
    return "gone" if any(each.tracked["is_gone"] for each in after) else "change"


def check(versions: Sequence[Version], thing: Thing) -> None:
    """Assert what docs/models-tmdb.md promises of the versions of a thing."""
    for before, after in pairwise(versions):
        assert before.ends == after.begins, thing
    assert versions[-1].ends is None, thing
    assert versions[-1].tracked["is_gone"] == (not thing.is_now), thing
