"""English titles, plain and odd. Each plain one holds a place that does not exist."""

from include.sample.names import place, surname
from include.sample.randomness import Draw, pick, words

_ADJECTIVES = words(
    "Copper Silent Crooked Last Velvet Borrowed Paper Hollow Amber Drowned Second Wandering "
    "Salt Iron Blue Unlikely Patient Northern"
)
_NOUNS = words(
    "Lantern Harbour Clockmaker Orchard Ferry Letter Winter Bridge Cartographer Beekeeper "
    "Signal Garden Tide Apprentice Ledger Mirror Sparrow Kettle"
)

ODD_FORMS = (
    '"{p}" Nights',
    'The "{p}" Affair',
    '"{p}',
    'The 9" Nail of {p}',
    '"""{p}"""',
    '{p}: "Part 2',
    "{p} \\ {n}",
    "C:\\{p}\\{n}.avi",
    "\\N/A {p}",
    "\\n {p}",
    "{p}\\",
    "'; DROP TABLE {p}; --",
    "{p}' OR '1'='1",
    "SELECT * FROM {p} WHERE 1=1",
    "{p} &amp; {n}",
    "&lt;b&gt;{p}&lt;/b&gt; &#39;{n}&#39;",
    "<script>{p}</script>",
    "{p} \N{CLAPPER BOARD}\N{FIRE}",
    "\N{WOMAN}\N{ZERO WIDTH JOINER}\N{ROCKET} {p}",
    "\N{RIGHT-TO-LEFT MARK}{p}\N{LEFT-TO-RIGHT MARK}",
    "\N{RIGHT-TO-LEFT OVERRIDE}{p}\N{POP DIRECTIONAL FORMATTING}",
    " {p}",
    "{p} ",
    "{p}\N{NO-BREAK SPACE}{n}",
    "{p}\N{ZERO WIDTH SPACE}{n}",
    "Z\N{COMBINING DIAERESIS}{p}e\N{COMBINING ACUTE ACCENT}",
    "{p}, {{}}, %s, $1, {{0}}",
    "{p},{n},'{n}'",
    "=SUM({p})",
    "#{p} @{n} 100%",
    "{p}\N{LINE SEPARATOR}{n}",
    "NULL {p}",
    "...{p}?!",
    "\N{FULLWIDTH LATIN CAPITAL LETTER A}{p}\N{IDEOGRAPHIC SPACE}{n}",
)
"""Titles that break careless loaders; `p` is a place, `n` a noun."""

DIGITS_SHARE = 0.0013
_ODD_SHARE = 0.006


def title_text(draw: Draw) -> str:
    """Return a title; a few in a thousand are odd or made of digits only."""
    chance = draw()
    if chance < DIGITS_SHARE:
        return digits_title(draw)
    if chance < DIGITS_SHARE + _ODD_SHARE:
        return odd_title(pick(ODD_FORMS, draw), draw)
    adjective, noun, where = pick(_ADJECTIVES, draw), pick(_NOUNS, draw), place(draw)
    forms = (
        f"The {adjective} {noun} of {where}",
        f"{where}",
        f"The {noun} of {where}",
        f"Return to {where}",
        f"{where}'s {noun}",
        f"{where}: {adjective} {noun}",
        f"A {noun} in {where}",
        f"{surname(draw)} and the {noun} of {where}",
        f"{adjective} {where}",
        f"{where} {2 + int(draw() * 4)}",
        f"{where} - The {adjective} {noun}",
    )
    return pick(forms, draw)


def odd_title(form: str, draw: Draw) -> str:
    """Return the odd title of this form, with a place and a noun in it."""
    return form.format(p=place(draw), n=pick(_NOUNS, draw))


def digits_title(draw: Draw) -> str:
    """Return a title made of digits only, sometimes with leading zeros."""
    return f"{int(draw() * 100_000):0{5 + int(draw() * 2)}d}"


def very_long_title(draw: Draw) -> str:
    """Return a title of more than 400 characters, as chat shows give their episodes."""
    return "/".join(f'{place(draw)} on "{pick(_NOUNS, draw)}s"' for _ in range(22))


def work_with_title(draw: Draw) -> str:
    """Return the title of an invented book or play."""
    return f"The {pick(_NOUNS, draw)} of {place(draw)}"
