"""Texts of bodies: overviews, taglines, biographies, with what breaks careless loaders."""

from include.sample.languages import MARKETS, local_title
from include.sample.names import place
from include.sample.randomness import pick, stream
from include.sample.tmdb.draws import Purpose, share
from include.sample.wording import ODD_FORMS, odd_title, title_text, work_with_title

_OVERVIEWS = (
    "A clerk from {p} must choose between {w} and an old debt.",
    "In {p}, three strangers wait for a ferry that never comes.\nThen one of them speaks.",
    'They called it "{w}". No one in {p} ever said why.',
    "Based on the play “{w}”, this is the story of {p}—and of its last winter.",
    "When the lights go out in {p}, the Orlund family finds a door…",
    "",
)
_TAGLINES = (
    "",
    "",
    "No one leaves {p}.",
    'It is not "just" a door.',
    "{p} remembers.",
    "Every road ends in {p} \N{FIRE}",
    "One night. One bridge.\\nNo way back.",
)
_LIVES = (
    "",
    "",
    '{n} (born in {p}) is best known for "{w}".\n\nHer or his first work was “{w}”.',
    "{n} grew up in {p} and wrote about it:\r\n\t- {w}\r\n\t- C:\\scripts\\{p}",
    "{n} {{JSON}} \\ ' \" % \N{CLAPPER BOARD} \N{RIGHT-TO-LEFT MARK}نور قصر {p}",
    "{n} has worked in {p} for many years.",
)
_ODD_SHARE = 0.03


def overview(*parts: int) -> str:
    """Return what a title is about; empty for some."""
    draw = stream(Purpose.TEXT, 1, *parts)
    if draw() < _ODD_SHARE:
        return odd_title(pick(ODD_FORMS, draw), draw)
    return pick(_OVERVIEWS, draw).format(p=place(draw), w=work_with_title(draw))


def tagline(*parts: int) -> str:
    """Return the line of a poster; empty for most."""
    draw = stream(Purpose.TEXT, 2, *parts)
    return pick(_TAGLINES, draw).format(p=place(draw))


def biography(name: str, *parts: int) -> str:
    """Return the life of a person; empty for some."""
    draw = stream(Purpose.TEXT, 3, *parts)
    return pick(_LIVES, draw).format(n=name, p=place(draw), w=work_with_title(draw))


def other_names(*parts: int) -> list[str]:
    """Return further names of a person, in some scripts."""
    draw = stream(Purpose.TEXT, 4, *parts)
    return [local_title(pick(MARKETS, draw).script, draw) for _ in range(int(draw() * draw() * 5))]


def birthplace(*parts: int) -> str | None:
    """Return where a person was born, if known."""
    if share(Purpose.TEXT, 5, *parts) < 0.5:
        return None
    draw = stream(Purpose.TEXT, 5, *parts)
    return f"{place(draw)}, {place(draw)} [now {place(draw)}]" if draw() < 0.1 else place(draw)


def new_title(*parts: int) -> str:
    """Return another title for an edited one."""
    return title_text(stream(Purpose.TEXT, 6, *parts))
