"""The people of one window: names, professions, first years, and how to cast them."""

from collections import Counter
from dataclasses import dataclass, field

from include.sample.names import person_name
from include.sample.randomness import Draw, Quantiles, Weighted, pick, pick_early
from include.sample.titles import NULL, YEARS

_ROLES: dict[str, float] = {
    "actor": 27,
    "actress": 20,
    "self": 11,
    "director": 6.5,
    "writer": 6.5,
    "producer": 5.5,
    "cinematographer": 3,
    "composer": 3,
    "editor": 3.5,
    "production_designer": 1.5,
    "casting_director": 1,
    "crew": 11.5,
}
_role = Weighted(_ROLES)
_PROFESSIONS: dict[str, float] = {
    "miscellaneous": 13,
    "camera_department": 7,
    "soundtrack": 5,
    "art_department": 4.6,
    "music_department": 4.5,
    "assistant_director": 3.5,
    "sound_department": 3.1,
    "production_manager": 3,
    "editorial_department": 2.3,
    "visual_effects": 1.7,
    "make_up_department": 1.5,
    "costume_department": 1.4,
    "stunts": 1.3,
    "art_director": 1.2,
    "costume_designer": 1.2,
    "special_effects": 1,
    "animation_department": 1,
    "script_department": 1,
    "location_management": 0.9,
    "transportation_department": 0.8,
    "set_decorator": 0.8,
    "casting_department": 0.7,
    "executive": 0.4,
    "music_artist": 0.3,
    "manager": 0.15,
    "talent_agent": 0.1,
    "legal": 0.08,
    "publicist": 0.08,
    "podcaster": 0.08,
    "choreographer": 0.08,
    "accountant": 0.08,
    "assistant": 0.08,
    "electrical_department": 0.5,
    "production_department": 0.4,
}
_profession = Weighted(_PROFESSIONS)
_AGE_AT_START = Quantiles(((0, 5), (0.05, 16), (0.3, 23), (0.6, 29), (0.9, 42), (1, 70)))
_LIFE = Quantiles(((0, 20), (0.1, 48), (0.3, 66), (0.6, 78), (0.9, 91), (1, 105)))
_BIRTH_SHARE = 0.35
_KNOWN_FOR_DANGLES = 0.12
_FIRST_DECADE, _LAST_DECADE = 188, 202
# How many decades before a title its people began: careers that span decades.
_NEAREST = (0, -1, 1, -2, 2, -3, 3, -4, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14)
_LONGEST_CAREER = 45  # years; people die after their last work, mostly
_DECADES_BACK = (0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4)


@dataclass(slots=True)
class SamplePerson:
    """A person; `credits` is complete after all titles of the window are cast."""

    nconst: str
    name: str
    role: str
    decade: int
    """The decade of the first work, as years // 10."""
    birth: int | None = None
    death: int | None = None
    extra: tuple[str, ...] = ()
    """Professions beside those of the credits."""
    empty_profession: bool = False
    works: dict[str, int] = field(default_factory=dict)
    """Votes (0 if unrated) of each title with a credit of this person."""
    categories: Counter[str] = field(default_factory=Counter)


def new_person(
    nconst: str, draw: Draw, role: str | None = None, decade: int | None = None
) -> SamplePerson:
    """Return a person; `role` and `decade` are drawn unless given."""
    role = role or _role(draw)
    decade = decade or int(YEARS.at(draw() * 0.97)) // 10
    name = person_name(draw, woman=role == "actress" or (role != "actor" and draw() < 0.4))
    birth = death = None
    if draw() < _BIRTH_SHARE:
        birth = decade * 10 - int(_AGE_AT_START.at(draw())) + int(draw() * 5)
        gone = max(birth + int(_LIFE.at(draw())), decade * 10 + _LONGEST_CAREER)
        if gone < 2026:
            death = gone
    extra = tuple(_profession(draw) for _ in range(int(draw() * draw() * 3)))
    if role == "crew":
        extra = (_profession(draw), *extra)
    return SamplePerson(nconst, name, role, decade, birth, death, extra, draw() < 0.05)


class Company:
    """The people of one window by profession and first year, for casting."""

    def __init__(self, people: list[SamplePerson]) -> None:
        """`people` must not be empty; the first of a kind get most of the work."""
        self.people = people
        self.by_id = {person.nconst: person for person in people}
        self._pools: dict[tuple[str, int], list[str]] = {}
        for person in people:
            self._file(person)

    def add(self, person: SamplePerson) -> None:
        """Add a person."""
        self.people.append(person)
        self.by_id[person.nconst] = person
        self._file(person)

    def _file(self, person: SamplePerson) -> None:
        if person.role != "crew":
            self._pools.setdefault((person.role, person.decade), []).append(person.nconst)

    def cast(self, role: str, year: int | None, draw: Draw) -> str:
        """Return the nconst of a person for the role, active in the year if possible."""
        decade = max((year or 2010) // 10 - pick(_DECADES_BACK, draw), _FIRST_DECADE)
        decade = min(decade, _LAST_DECADE)
        for away in _NEAREST:
            pool = self._pools.get((role, decade + away))
            if pool:
                return pick_early(pool, draw)
        return pick(self.people, draw).nconst


_SHOWN_AS = {"self": "", "archive_footage": "archive_footage", "archive_sound": "archive_sound"}


def professions(person: SamplePerson) -> str:
    """Return primaryProfession as in the file: up to three, by credits; '' or NULL for none."""
    found = [_SHOWN_AS.get(category, category) for category, _ in person.categories.most_common(3)]
    if not found and person.role not in {"crew", "self"}:
        found = [person.role]
    unique = dict.fromkeys(name for name in (*found, *person.extra) if name)
    if unique:
        return ",".join(list(unique)[:3])
    return "" if person.empty_profession else NULL


def known_for(person: SamplePerson, some_titles: list[str], dangling: str, draw: Draw) -> str:
    """Return knownForTitles as in the file: the works with most votes, or a few titles, or NULL."""
    best = sorted(person.works, key=lambda tconst: (-person.works[tconst], tconst))[:4]
    if not best:
        if draw() < 0.06 or not some_titles:
            return NULL
        best = list(
            dict.fromkeys(pick(some_titles, draw) for _ in range(1 + int(draw() * draw() * 4)))
        )
    if draw() < _KNOWN_FOR_DANGLES:
        best[-1] = dangling
    return ",".join(best)
