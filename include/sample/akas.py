"""The other names of a title: original, home market, other regions."""

from include.sample.languages import EPISODE_MARKETS, Market, local_title, market
from include.sample.randomness import Draw, Quantiles, Weighted
from include.sample.titles import NULL, SampleAka, SampleTitle

SEPARATOR = "\x02"  # between several types or attributes, as in the real file
_NO_AKAS_SHARE = 0.05
_MORE = Quantiles(((0, 0), (0.45, 0.5), (0.6, 2), (0.8, 4), (0.9, 8), (0.98, 18), (1, 40)))
_TYPES = Weighted(
    {
        "imdbDisplay": 70.0,
        NULL: 15,
        "alternative": 6,
        "working": 3.5,
        "tv": 1.5,
        "dvd": 1.2,
        "festival": 1,
        "video": 0.8,
        f"alternative{SEPARATOR}tv": 0.1,
    }
)
_ATTRIBUTES = Weighted(
    {
        NULL: 95.0,
        "reissue title": 0.7,
        "literal title": 0.5,
        "alternative spelling": 0.5,
        "transliterated title": 0.4,
        "informal title": 0.4,
        "new title": 0.3,
        "short title": 0.3,
        "complete title": 0.3,
        "director's cut": 0.2,
        "3-D version": 0.1,
        "poster title": 0.1,
        f"reissue title{SEPARATOR}recut version": 0.15,
        f"8mm release title{SEPARATOR}short version": 0.1,
    }
)


def name_elsewhere(title: SampleTitle, draw: Draw) -> None:
    """Fill the title's akas."""
    if draw() < _NO_AKAS_SHARE:
        return
    shown = title.original or title.primary
    akas = title.akas
    if draw() < 0.985:
        akas.append(SampleAka(shown, NULL, NULL, "original", NULL, "1"))
    akas.append(
        SampleAka(
            title.primary,
            title.home.region,
            NULL,
            "imdbDisplay" if draw() < 0.8 else NULL,
            NULL,
            "0",
        )
    )
    if title.kind == "tvEpisode":
        if shown.startswith("Episode #"):
            akas.extend(_by_number(title, place) for place in EPISODE_MARKETS if draw() < 0.92)
        elif draw() < 0.15:
            akas.append(foreign_name(title, draw))
        return
    more = _MORE.at(draw())
    if title.fame > 0.9:
        more = more * 2 + 3
    seen = {title.home.region}
    for _ in range(int(more)):
        aka = foreign_name(title, draw)
        if aka.region not in seen or draw() < 0.1:
            seen.add(aka.region)
            akas.append(aka)
    # After the original, the real file is sorted by text.
    akas[1:] = sorted(akas[1:])


def _by_number(title: SampleTitle, place: Market) -> SampleAka:
    text = place.series_episode.format(s=title.season or 1, e=title.episode or 0)
    return SampleAka(text, place.region, place.language, NULL, NULL, "0")


def foreign_name(title: SampleTitle, draw: Draw) -> SampleAka:
    """Return one more name of the title, in some region."""
    place = market(draw)
    text = (
        title.primary
        if place.script == "latin" and draw() < 0.5
        else local_title(place.script, draw)
    )
    language = place.language if draw() < 0.3 else NULL
    return SampleAka(text, place.region, language, _TYPES(draw), _ATTRIBUTES(draw), "0")
