"""Titles and people as the lines of the seven files."""

from collections.abc import Iterable
from dataclasses import dataclass

from include.sample.ids import dangling_id
from include.sample.people import SamplePerson, known_for, professions
from include.sample.randomness import Topic, stream
from include.sample.titles import NULL, SampleTitle

HEADERS: dict[str, tuple[str, ...]] = {
    "title.basics": (
        "tconst",
        "titleType",
        "primaryTitle",
        "originalTitle",
        "isAdult",
        "startYear",
        "endYear",
        "runtimeMinutes",
        "genres",
    ),
    "title.ratings": ("tconst", "averageRating", "numVotes"),
    "title.akas": (
        "titleId",
        "ordering",
        "title",
        "region",
        "language",
        "types",
        "attributes",
        "isOriginalTitle",
    ),
    "title.crew": ("tconst", "directors", "writers"),
    "title.episode": ("tconst", "parentTconst", "seasonNumber", "episodeNumber"),
    "title.principals": ("tconst", "ordering", "nconst", "category", "job", "characters"),
    "name.basics": (
        "nconst",
        "primaryName",
        "birthYear",
        "deathYear",
        "primaryProfession",
        "knownForTitles",
    ),
}
DATASETS = tuple(HEADERS)
_KEY_FIELDS = {"title.akas": 2, "title.principals": 2}
Lines = dict[str, list[str]]
"""Per dataset its lines, sorted by key, without line ends."""


def key_of(dataset: str, line: str) -> str:
    """Return the key of the line."""
    fields = _KEY_FIELDS.get(dataset, 1)
    return "\t".join(line.split("\t", fields)[:fields])


def title_lines(titles: Iterable[SampleTitle]) -> Lines:
    """Return the lines of the six title files for `titles`, which must be sorted by tconst."""
    lines: Lines = {name: [] for name in DATASETS if name != "name.basics"}
    basics, ratings, akas = lines["title.basics"], lines["title.ratings"], lines["title.akas"]
    crew, episode, principals = (
        lines["title.crew"],
        lines["title.episode"],
        lines["title.principals"],
    )
    for t in titles:
        tconst = t.tconst
        basics.append(
            f"{tconst}\t{t.kind}\t{t.primary}\t{_or_null(t.original)}\t{int(t.adult)}\t"
            f"{_or_null(t.start)}\t{_or_null(t.end)}\t{_or_null(t.runtime)}\t"
            f"{','.join(t.genres) or NULL}"
        )
        if t.rating:
            ratings.append(f"{tconst}\t{t.rating // 10}.{t.rating % 10}\t{t.votes}")
        # Several names of a title are in the text order of their numbers: 1, 10, 11, 2.
        akas.extend(
            sorted(f"{tconst}\t{k}\t" + "\t".join(aka) for k, aka in enumerate(t.akas, 1))
            if len(t.akas) > 9
            else [f"{tconst}\t{k}\t" + "\t".join(aka) for k, aka in enumerate(t.akas, 1)]
        )
        crew.append(f"{tconst}\t{','.join(t.directors) or NULL}\t{','.join(t.writers) or NULL}")
        if t.parent:
            episode.append(f"{tconst}\t{t.parent}\t{_or_null(t.season)}\t{_or_null(t.episode)}")
        principals.extend(
            [f"{tconst}\t{k}\t" + "\t".join(credit) for k, credit in enumerate(t.credits, 1)]
        )
    return lines


@dataclass
class PeopleRenderer:
    """Renders name.basics, whose professions and best known titles come from the credits."""

    seed: int
    titles: list[SampleTitle]
    first_titles: list[str]
    """The ids of day 1, for people without credits; some may be gone by now."""

    def lines(self, people: dict[str, SamplePerson]) -> list[str]:
        """Return the lines of `people`, sorted by nconst."""
        for person in people.values():
            person.works.clear()
            person.categories.clear()
        for title in self.titles:
            for credit in title.credits:
                known = people.get(credit.nconst)
                if known:
                    known.works[title.tconst] = title.votes
                    known.categories[credit.category] += 1
        return [self._line(people[nconst]) for nconst in sorted(people)]

    def _line(self, person: SamplePerson) -> str:
        draw = stream(self.seed, Topic.PERSON, int(person.nconst[2:]))
        known = known_for(person, self.first_titles, dangling_id("tt", draw), draw)
        return (
            f"{person.nconst}\t{person.name}\t{_or_null(person.birth)}\t{_or_null(person.death)}\t"
            f"{professions(person)}\t{known}"
        )


def _or_null(value: int | str | None) -> str:
    return NULL if value is None else str(value)
