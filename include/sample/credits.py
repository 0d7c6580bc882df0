"""The people of a title: principals, and the directors and writers that match them."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from include.sample.ids import dangling_id
from include.sample.names import place, surname
from include.sample.people import Company
from include.sample.randomness import Draw, Weighted, pick, pick_early
from include.sample.titles import NULL, SampleCredit, SampleTitle
from include.sample.universe import Star
from include.sample.wording import work_with_title

_NO_PRINCIPALS_SHARE = 0.098
_STAR_SHARE = 0.04
_AGREE_SHARE = 0.985  # of titles: crew and principals name the same directors and writers
_TWICE_SHARE = 0.07  # of titles: the same person in the same category twice
_DANGLING_SHARE = 0.004  # of titles: one credit is of an unknown person
_STAR_YEARS = 55
_SELF_GENRES = {"Documentary", "News", "Reality-TV", "Talk-Show", "Game-Show", "Sport", "Music"}
_WRITER_JOBS = Weighted(
    {
        NULL: 40.0,
        "writer": 14,
        "written by": 10,
        "screenplay": 8,
        "story": 6,
        "creator": 5,
        "created by": 5,
        "scenario": 3,
        "novel": 2,
        "play": 2,
        "book": 1,
        "idea": 1,
        "story editor": 1,
        "based on": 1.5,
        "screenplay by ": 0.5,
    }
)
_PRODUCER_JOBS = Weighted(
    {
        "producer": 80.0,
        "executive producer": 8,
        "co-producer": 6,
        "line producer": 3,
        "producer: ": 0.5,
        NULL: 2,
    }
)
_SELF_SHOWN = Weighted(
    {
        "Self": 60.0,
        "Self - Host": 14,
        "Self - Guest": 14,
        "Self - Presenter": 5,
        "Self - Panellist": 4,
        "segment": 3,
    }
)
_PARTS = (
    "Ferry Passenger",
    "Inspector",
    "Young Clerk",
    "The Abbot",
    "Aunt",
    "Messenger",
    "Neighbour #2",
    "Officer",
    "Old Sailor",
    "Narrator",
)
_CREW = (
    # category, role of those cast, share of titles (half of it in series)
    ("composer", "composer", 0.4),
    ("cinematographer", "cinematographer", 0.45),
    ("editor", "editor", 0.45),
    ("production_designer", "production_designer", 0.2),
    ("casting_director", "casting_director", 0.12),
    ("archive_footage", "actor", 0.012),
    ("archive_sound", "self", 0.002),
)


@dataclass(slots=True)
class Troupe:
    """The people of a series, from whom its episodes take theirs."""

    regulars: list[SampleCredit] = field(default_factory=list)
    directors: list[str] = field(default_factory=list)
    writers: list[str] = field(default_factory=list)
    producers: list[str] = field(default_factory=list)


class Casting:
    """Casts titles with people of the window and, sometimes, with the stars of all windows."""

    def __init__(self, company: Company, stars: dict[str, tuple[Star, ...]]) -> None:
        """`stars` are by role."""
        self._company = company
        self._stars = stars

    def person(self, role: str, year: int | None, draw: Draw) -> str:
        """Return a person for the role; the year keeps careers plausible."""
        if role in self._stars and draw() < _STAR_SHARE:
            star = pick_early(self._stars[role], draw)
            if 0 <= (year or 2010) - star.decade * 10 <= _STAR_YEARS:
                return star.nconst
        return self._company.cast(role, year, draw)

    def performers(self, title: SampleTitle, count: int, draw: Draw) -> list[SampleCredit]:
        """Return `count` appearances, of actors or of people as themselves."""
        as_self = any(genre in _SELF_GENRES for genre in title.genres) and draw() < 0.8
        found: dict[str, SampleCredit] = {}
        for _ in range(count):
            category = "self" if as_self else ("actor" if draw() < 0.6 else "actress")
            nconst = self.person(category, title.start, draw)
            if nconst not in found:
                found[nconst] = SampleCredit(nconst, category, NULL, characters_for(category, draw))
        return list(found.values())

    def troupe(self, title: SampleTitle, draw: Draw) -> Troupe:
        """Return the people of a series."""
        return Troupe(
            regulars=self.performers(title, 5 + int(draw() * 8), draw),
            directors=self._several("director", title, 1 + int(draw() * 5), draw),
            writers=self._several("writer", title, 1 + int(draw() * 7), draw),
            producers=self._several("producer", title, 1 + int(draw() * 4), draw),
        )

    def _several(self, role: str, title: SampleTitle, count: int, draw: Draw) -> list[str]:
        return list(dict.fromkeys(self.person(role, title.start, draw) for _ in range(count)))

    def cast_title(self, title: SampleTitle, draw: Draw, troupe: Troupe | None = None) -> None:
        """Fill credits, directors and writers; with a troupe, as part of a series."""
        if troupe:
            performers = [credit for credit in troupe.regulars if draw() < 0.55]
            performers += self.performers(title, int(draw() * 3.6), draw)
            title.directors = _some(troupe.directors, 0 if draw() < 0.15 else 1, draw)
            title.writers = _some(troupe.writers, int(draw() * 3.6), draw)
            producers = _some(troupe.producers, int(draw() * 2.6), draw)
            crew_share = 0.5
        else:
            most = {"movie": 11, "short": 6, "video": 7}.get(title.kind, 8)
            most += 10 if title.fame > 0.93 else 0
            performers = self.performers(title, 1 + int(draw() * most), draw)
            self._lead(title, performers, draw)
            producers = self._several("producer", title, int(draw() * 3.2), draw)
            crew_share = 1.0
        if draw() >= _NO_PRINCIPALS_SHARE:
            title.credits = [*performers, *self._behind_camera(title, producers, crew_share, draw)]
            if title.credits and draw() < _TWICE_SHARE:
                again = pick(title.credits, draw)
                title.credits.append(again._replace(job=f"additional {again.category}"))
            if title.credits and draw() < _DANGLING_SHARE:
                title.credits[-1] = title.credits[-1]._replace(nconst=dangling_id("nm", draw))

    def _behind_camera(
        self, title: SampleTitle, producers: list[str], crew_share: float, draw: Draw
    ) -> Iterator[SampleCredit]:
        if draw() < _AGREE_SHARE:  # only the first few of a long list are principals
            for place, nconst in enumerate(title.directors[:3]):
                yield SampleCredit(nconst, "director", "co-director" if place else NULL, NULL)
            for nconst in title.writers[:4]:
                yield SampleCredit(nconst, "writer", writer_job(draw), NULL)
        for nconst in producers:
            yield SampleCredit(nconst, "producer", _PRODUCER_JOBS(draw), NULL)
        for category, role, share in _CREW:
            if draw() < share * crew_share:
                shown = characters_for("self", draw) if category.startswith("archive") else NULL
                yield SampleCredit(self.person(role, title.start, draw), category, NULL, shown)

    def _lead(self, title: SampleTitle, performers: list[SampleCredit], draw: Draw) -> None:
        """Choose directors and writers; some people are several of actor, director and writer."""
        directors = self._several(
            "director", title, 0 if draw() < 0.06 else 1 + int(draw() * 1.12), draw
        )
        if performers and draw() < 0.09:
            directors = [performers[0].nconst]
        writers = self._several("writer", title, int(draw() * 4), draw)
        if directors and draw() < 0.35:
            writers = [directors[0], *(n for n in writers if n != directors[0])]
        title.directors, title.writers = directors, writers


def _some(people: list[str], count: int, draw: Draw) -> list[str]:
    return list(dict.fromkeys(pick(people, draw) for _ in range(count)))


def writer_job(draw: Draw) -> str:
    """Return the work of a writer, sometimes with the title of a book in quotes."""
    chance = draw()
    if chance < 0.02:
        return f'novel "{work_with_title(draw)}"'
    if chance < 0.025:
        return f'"{place(draw)}" novels'
    return _WRITER_JOBS(draw)


def characters_for(category: str, draw: Draw) -> str:
    """Return `characters` as in the file: a JSON array of one to three names, or NULL."""
    chance = draw()
    if category == "self":
        shown = _SELF_SHOWN(draw)
        return f'["Self (segment \\"{place(draw)}\\")"]' if shown == "segment" else f'["{shown}"]'
    if chance < 0.17:
        return NULL
    if chance > 0.92:
        names = [_character(draw) for _ in range(2 if chance < 0.985 else 3)]
        return '["' + '","'.join(names) + '"]'
    return f'["{_character(draw)}"]'


def _character(draw: Draw) -> str:
    chance = draw()
    if chance < 0.35:
        return pick(_PARTS, draw)
    if chance < 0.37:
        return f'{surname(draw)} \\"{place(draw)}\\" {surname(draw)}'
    if chance < 0.6:
        return f"{pick(_PARTS, draw)} {surname(draw)}"
    return surname(draw)
