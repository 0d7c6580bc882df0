"""Irregularities that every sample must contain, each in one title or person of a window.

Most of them also happen by chance elsewhere; this module guarantees them.
"""

from collections.abc import Callable
from dataclasses import dataclass

from include.sample.akas import SEPARATOR
from include.sample.ids import dangling_id
from include.sample.people import Company, SamplePerson
from include.sample.randomness import Draw, pick
from include.sample.ratings import set_rating
from include.sample.titles import NULL, THIS_YEAR, SampleAka, SampleCredit, SampleTitle
from include.sample.wording import (
    ODD_FORMS,
    digits_title,
    odd_title,
    very_long_title,
    work_with_title,
)


@dataclass(frozen=True)
class QuirkScene:
    """The parts that a quirk may use."""

    title: SampleTitle
    company: Company
    draw: Draw

    def people(self, count: int) -> list[str]:
        """Return up to `count` different people of the window."""
        return [person.nconst for person in self.company.people[:count]]


@dataclass(frozen=True)
class Quirk:
    """An irregular change of a title of some kind."""

    kinds: tuple[str, ...]
    apply: Callable[[QuirkScene], None]


_FILM = ("movie", "short", "video", "tvMovie")
_SERIES = ("tvSeries",)
_EPISODE = ("tvEpisode",)


def _odd_text(form: str) -> Callable[[QuirkScene], None]:
    def apply(scene: QuirkScene) -> None:
        scene.title.primary = scene.title.original = odd_title(form, scene.draw)

    return apply


def _texts(make: Callable[[Draw], str]) -> Callable[[QuirkScene], None]:
    def apply(scene: QuirkScene) -> None:
        scene.title.primary = scene.title.original = make(scene.draw)

    return apply


def _set(**values: object) -> Callable[[QuirkScene], None]:
    def apply(scene: QuirkScene) -> None:
        for name, value in values.items():
            setattr(scene.title, name, value)

    return apply


def _crowd_of_writers(scene: QuirkScene) -> None:
    scene.title.writers = scene.people(511)


def _crowd_of_directors(scene: QuirkScene) -> None:
    scene.title.directors = scene.people(167)


def _long_cast(scene: QuirkScene) -> None:
    shown = [SampleCredit(n, "actor", NULL, '["Crowd"]') for n in scene.people(27)]
    scene.title.credits = [*shown, *scene.title.credits]


def _odd_credits(scene: QuirkScene) -> None:
    who = scene.company.people[0].nconst
    work = work_with_title(scene.draw)
    longest = f'novels "{work}", "{work}", "{work}" and "{work}", with the play of the last'
    scene.title.credits = [
        SampleCredit(who, "actor", NULL, '["\\"Mac\\" O\'Velbek"]'),
        SampleCredit(who, "actor", NULL, '["Path C:\\\\films","\\u00e9","Third, with comma"]'),
        SampleCredit(who, "actress", NULL, '["\\"\\""]'),
        SampleCredit(who, "self", NULL, '["Self - Editor, \\"The Kettle\\" \\/ Host"]'),
        SampleCredit(who, "director", "director:  ", NULL),
        SampleCredit(who, "writer", f'"{work}" by', NULL),
        SampleCredit(who, "writer", f'play "{work}', NULL),
        SampleCredit(who, "writer", longest.ljust(134, ".")[:134], NULL),
        SampleCredit(who, "archive_footage", NULL, '["Self"]'),
        SampleCredit(who, "archive_sound", NULL, '["Self \N{MICROPHONE}"]'),
        SampleCredit(who, "casting_director", "casting_director", NULL),
    ]
    scene.title.directors = scene.title.writers = [who]


def _dangling_credit(scene: QuirkScene) -> None:
    lost = dangling_id("nm", scene.draw)
    scene.title.credits.append(SampleCredit(lost, "producer", "producer", NULL))


def _dangling_parent(scene: QuirkScene) -> None:
    scene.title.parent = dangling_id("tt", scene.draw)


def _crew_disagrees(scene: QuirkScene) -> None:
    scene.title.directors = [pick(scene.company.people, scene.draw).nconst]
    scene.title.credits = [c for c in scene.title.credits if c.category != "director"]


def _akas(*rows: tuple[str, str, str, str, str]) -> Callable[[QuirkScene], None]:
    def apply(scene: QuirkScene) -> None:
        name = scene.title.primary
        scene.title.akas = [
            SampleAka(name, region, language, types, attributes, original)
            for region, language, types, attributes, original in rows
        ]

    return apply


def _rated(tenths: int, votes: int) -> Callable[[QuirkScene], None]:
    def apply(scene: QuirkScene) -> None:
        set_rating(scene.title, tenths, votes)

    return apply


TITLE_QUIRKS: tuple[Quirk, ...] = (
    *(Quirk(_FILM if k % 2 else _EPISODE, _odd_text(form)) for k, form in enumerate(ODD_FORMS)),
    Quirk(_EPISODE, _texts(very_long_title)),
    Quirk(_EPISODE, _texts(digits_title)),
    Quirk(_FILM, _texts(digits_title)),
    Quirk(_FILM, _set(original=None)),
    Quirk(_FILM, _set(genres=(), runtime=0)),
    Quirk(("movie",), _set(runtime=51_420)),
    Quirk(("short",), _set(start=1874)),
    Quirk(("movie",), _set(start=THIS_YEAR + 6, runtime=None, rating=0, votes=0)),
    Quirk(("videoGame",), _set(adult=True, genres=("Adult",))),
    Quirk(_SERIES, _set(start=1961, end=1961)),
    Quirk(("movie",), _crowd_of_writers),
    Quirk(("movie",), _crowd_of_directors),
    Quirk(("movie",), _long_cast),
    Quirk(("movie",), _odd_credits),
    Quirk(("movie",), _set(kind="tvPilot")),
    Quirk(_EPISODE, _dangling_credit),
    Quirk(_FILM, _dangling_credit),
    Quirk(_EPISODE, _dangling_parent),
    Quirk(_FILM, _crew_disagrees),
    Quirk(_EPISODE, _set(season=2003, episode=118)),
    Quirk(_EPISODE, _set(season=1, episode=0)),
    Quirk(_EPISODE, _set(season=1, episode=12_652)),
    Quirk(_EPISODE, _set(season=None, episode=None)),
    Quirk(_EPISODE, _set(season=0, episode=1)),
    Quirk(_FILM, _akas(("CR", NULL, NULL, NULL, NULL))),
    Quirk(_FILM, _akas((NULL, NULL, "original", NULL, "1"), (NULL, "fr", "original", NULL, "1"))),
    Quirk(
        _FILM,
        _akas(
            ("SUHH", "ru", NULL, "short title", "0"),
            ("DDDE", NULL, "working", NULL, "0"),
            ("XWW", "en", f"alternative{SEPARATOR}tv", NULL, "0"),
            ("CSHH", NULL, NULL, f"reissue title{SEPARATOR}recut version", "0"),
        ),
    ),
    Quirk(_FILM, _rated(100, 5)),
    Quirk(_FILM, _rated(10, 5)),
    Quirk(("movie",), _rated(91, 1_204_511)),
    Quirk(("movie",), _rated(84, 48_230)),
)


def _ancient(person: SamplePerson) -> None:
    person.birth, person.death = 525, 456  # before Christ, written without a sign


def _podcaster(person: SamplePerson) -> None:
    person.role, person.extra = "crew", ("podcaster",)


def _quoted(person: SamplePerson) -> None:
    person.name = 'Velbric "Dr" Torkides'


def _no_profession(person: SamplePerson) -> None:
    person.role, person.extra, person.empty_profession = "crew", (), True


def _null_profession(person: SamplePerson) -> None:
    person.role, person.extra, person.empty_profession = "crew", (), False


def _namesake(person: SamplePerson) -> None:
    person.name = "Badra Aldabek"


PERSON_QUIRKS: tuple[Callable[[SamplePerson], None], ...] = (
    _ancient,
    _podcaster,
    _quoted,
    _no_profession,
    _null_profession,
    _namesake,
    _namesake,
)
