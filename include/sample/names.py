"""Names of people and places, made of syllables so that they belong to no real one."""

from functools import cache

from include.sample.randomness import Draw, pick, words

_FIRST = words(
    "Ba Ce Do El Fa Gi Ha Il Jo Ka Li Mo Na Or Pe Qui Ra Sa Te Ul Va Wi Xa Yo Ze Åd Éli Ñe Ø Ša"
)
_HER = ("dra", "lvia", "mira", "nelle", "ressa", "thia", "venna", "zelia", "lindë", "rosca")
_HIS = ("bric", "doran", "gund", "kelm", "lovar", "mund", "rrin", "stov", "tavius", "zandro")
_SUR_1 = words(
    "Ald Bren Cor Dren Esk Fal Gor Hest Ing Jor Kel Lor Mar Nev Ost Pel Quar Rusk Sel Tor "
    "Und Vel Wend Yar Zol Çel Kø Mü"
)
_SUR_2 = ("a", "abri", "ami", "e", "eri", "i", "ino", "o", "ora", "u", "ula", "y")
_SUR_3 = words(
    "bek chenko dottir fax gast holm kides lund mantis nakis pesti quist rath skar thwaite "
    "uko vic wyn zuma žić"
)
_PLACE_1 = words("Vel Tor Ash Mir Gal Kor Lun Dra Sil Ob Nar Quel Fen Bra Zar Hal Ild Pra Ulm Wex")
_PLACE_2 = ("a", "e", "i", "o", "u", "an", "er", "im", "or", "un", "yl", "ath")
_PLACE_3 = words("brisk dorn ghast holt kesh lith mora nesse rood stead thane vane wick zell")

# Many people share a few names, as in any register: these are drawn additionally.
_SHARED_SHARE = 0.03
_ODD_SHARE = 0.01
_SINGULAR = ("Zelkora", "Thrumm", "Ó", "X-Vantor", "Lucky 77", "MC Brelka", "DJ \N{SNOWMAN} Orlune")


@cache
def _surnames() -> tuple[str, ...]:
    return tuple(a + b + c for a in _SUR_1 for b in _SUR_2 for c in _SUR_3)


@cache
def _given(ends: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(start + end for start in _FIRST for end in ends)


@cache
def _places() -> tuple[str, ...]:
    return tuple(a + b + c for a in _PLACE_1 for b in _PLACE_2 for c in _PLACE_3)


def person_name(draw: Draw, woman: bool) -> str:
    """Return a full name; one in a hundred is odd (nicknames in quotes, titles, one word)."""
    given = _given(_HER if woman else _HIS)
    chance = draw()
    if chance < _SHARED_SHARE:
        return f"{given[int(draw() * 5)]} {_surnames()[int(draw() * 4) * 331]}"
    first, last = pick(given, draw), pick(_surnames(), draw)
    if chance > 1 - _ODD_SHARE:
        return _odd_name(first, last, draw)
    if chance > 0.9:
        return f"{first} {chr(65 + int(draw() * 26))}. {last}"
    if chance > 0.88:
        return f"{first} {last}-{pick(_surnames(), draw)}"
    return f"{first} {last}"


def _odd_name(first: str, last: str, draw: Draw) -> str:
    forms = (
        f'{first} "Dr" {last}',
        f"{first} '{pick(_FIRST, draw)}' {last}",
        f"Dr. {first} {last} Jr.",
        f"O'{last}, {first}",
        f"{first} von und zu {last}-{pick(_surnames(), draw)}-{pick(_surnames(), draw)}",
        pick(_SINGULAR, draw),
    )
    return pick(forms, draw)


def surname(draw: Draw) -> str:
    """Return a family name."""
    return pick(_surnames(), draw)


def place(draw: Draw) -> str:
    """Return the name of a place that does not exist, so that no title is a real one."""
    return pick(_places(), draw)
