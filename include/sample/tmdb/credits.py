"""Who did what in a title: one record per credit, with the id that all endpoints share.

The records come from the sample's principals. A show's are those of its episodes taken together:
a person has one record for each character and each job.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from include.sample.titles import NULL, SampleCredit, SampleTitle
from include.sample.tmdb.draws import Purpose, hex_id, text_number

_CAST = frozenset({"actor", "actress", "self", "archive_footage", "archive_sound"})
_CREW = {
    "director": ("Directing", "Director"),
    "writer": ("Writing", "Writer"),
    "producer": ("Production", "Producer"),
    "composer": ("Sound", "Original Music Composer"),
    "cinematographer": ("Camera", "Director of Photography"),
    "editor": ("Editing", "Editor"),
    "production_designer": ("Art", "Production Design"),
    "casting_director": ("Production", "Casting"),
}
_WRITTEN = {
    "screenplay": "Screenplay",
    "story": "Story",
    "novel": "Novel",
    "play": "Theatre Play",
    "book": "Book",
    "idea": "Idea",
    "creator": "Creator",
    "created by": "Creator",
    "story editor": "Story Editor",
}


@dataclass(frozen=True)
class Credit:
    """A part or a job of a person in a title."""

    nconst: str
    credit_id: str
    is_cast: bool
    character: str
    department: str
    job: str
    order: int
    """The place in the cast, from 0."""
    episodes: int
    """In how many episodes; 0 for a movie."""
    first_year: int | None = field(default=None, compare=False)
    """Of the first episode with it; only the person's filmography shows it."""


def movie_credits(title: SampleTitle) -> list[Credit]:
    """Return the credits of a movie. A person may have several, even with the same character."""
    seen: dict[tuple[str, str], int] = {}
    found: list[Credit] = []
    for credit in title.credits:
        again = seen.get(credit[:2], 0)
        seen[credit[:2]] = again + 1
        credit_id = _credit_id(title, credit.nconst, credit.category, again)
        found.append(_record(credit, credit_id, len(found), 0))
    return found


def show_credits(show: SampleTitle, episodes: Iterable[SampleTitle]) -> list[Credit]:
    """Return the credits of a show and its episodes, each part and job once."""
    known: dict[SampleCredit, str] = {}
    found: dict[str, Credit] = {}
    counts: Counter[str] = Counter()
    for title in (show, *episodes):
        own = _also_producing(show) if title is show else []
        for credit in (*title.credits, *own):
            credit_id = known.get(credit)
            if credit_id is None:
                record = _record(credit, "", len(found), 1, title.start)
                part = f"{record.is_cast}{record.character}{record.department}{record.job}"
                credit_id = known[credit] = _credit_id(show, credit.nconst, part, 0)
                found.setdefault(credit_id, replace(record, credit_id=credit_id))
            counts[credit_id] += title is not show
    return [
        replace(record, episodes=max(counts[credit_id], 1)) for credit_id, record in found.items()
    ]


def _also_producing(show: SampleTitle) -> list[SampleCredit]:
    """Return a job in a second department for the director of every third show."""
    directors = [credit.nconst for credit in show.credits if credit.category == "director"]
    if not directors or int(show.tconst[2:]) % 3:
        return []
    return [SampleCredit(directors[0], "producer", "executive producer", NULL)]


def _credit_id(title: SampleTitle, nconst: str, part: str, again: int) -> str:
    numbers = (int(title.tconst[2:]), int(nconst[2:]), text_number(part), again)
    return hex_id(Purpose.CREDIT, *numbers)


def _record(
    credit: SampleCredit, credit_id: str, order: int, episodes: int, year: int | None = None
) -> Credit:
    is_cast = credit.category in _CAST
    department, job = "", ""
    if not is_cast:
        department, job = _CREW.get(credit.category, ("Crew", credit.category))
        if credit.category == "writer":
            job = _WRITTEN.get(credit.job.partition(' "')[0].strip(), job)
        elif credit.category == "producer" and credit.job.startswith("executive"):
            job = "Executive Producer"
    character = _character(credit) if is_cast else ""
    return Credit(
        credit.nconst, credit_id, is_cast, character, department, job, order, episodes, year
    )


def _character(credit: SampleCredit) -> str:
    names = [] if credit.characters == NULL else json.loads(credit.characters)
    text = " / ".join(names)
    return f"{text} (archive footage)".strip() if credit.category.startswith("archive") else text
