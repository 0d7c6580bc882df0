"""Popularity and votes: every day others for every entry, and never in the changes feed."""

from typing import Any

from include.sample.randomness import mix
from include.sample.titles import THIS_YEAR, SampleTitle
from include.sample.tmdb.draws import Purpose, share

MEASURES = frozenset({"popularity", "vote_average", "vote_count"})
_TOP = {"movie": 620.0, "tv": 480.0, "person": 60.0}
_WAVE = 40  # days from one height of an entry's popularity to the next, at least


def popularity(seed: int, kind: str, number: int, day: int, place: int) -> float:
    """Return the popularity; `place` is the window, the first ones are the most popular."""
    purpose = Purpose.PERSON if kind == "person" else Purpose.MOVIE
    fame = share(seed, Purpose.MEASURE, purpose, number)
    length = _WAVE + mix(seed, purpose, number) % 60
    turn = (mix(purpose, number, seed) % length + day) % length / length
    wave = abs(2 * turn - 1)  # rises and falls, each entry in its own time
    daily = share(seed, Purpose.MEASURE, number, day)
    height = fame * fame * (0.35 + wave) * (0.98 + 0.04 * daily)
    return round(_TOP[kind] * height / (1 + 0.2 * place) + 0.001 + daily / 1000, 4)


def votes(seed: int, number: int, title: SampleTitle, day: int) -> dict[str, Any]:
    """Return vote_average and vote_count. A title without votes has the integer 0 or 0.0."""
    drawn = mix(seed, Purpose.MEASURE, number)
    if (title.start or THIS_YEAR) > THIS_YEAR or drawn % 20 == 0:
        return {"vote_average": 0 if drawn % 40 else 0.0, "vote_count": 0}
    count = title.votes // 20 + drawn // 64 % 30 + day * (1 + drawn // 4096 % 9)
    tenths = title.rating or 30 + drawn % 55
    moved = share(seed, Purpose.MEASURE, number, day, 1) - 0.5
    average = min(max(tenths / 10 + moved / 10, 0.5), 10.0)
    return {"vote_average": round(average, 3), "vote_count": count}


def without_measures(value: Any) -> Any:
    """Return the JSON value without popularity and votes, at any depth."""
    if isinstance(value, dict):
        return {key: without_measures(inner) for key, inner in value.items() if key not in MEASURES}
    if isinstance(value, list):
        return [without_measures(inner) for inner in value]
    return value
