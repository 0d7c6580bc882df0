"""Ratings and votes distributed like the real ones, and their changes from day to day."""

from include.sample.randomness import Draw, Quantiles, wobble
from include.sample.titles import GENRES, THIS_YEAR, SampleTitle

# Measured on a complete real file of title.ratings.
VOTES = Quantiles(
    (
        (0, 5),
        (0.05, 5.5),
        (0.1, 6),
        (0.2, 8),
        (0.3, 10),
        (0.4, 14),
        (0.5, 21),
        (0.6, 32),
        (0.7, 56),
        (0.8, 119),
        (0.9, 382),
        (0.95, 1087),
        (0.97, 2300),
        (0.98, 4300),
        (0.99, 11_458),
        (0.995, 33_000),
        (0.999, 191_059),
        (0.9999, 650_228),
        (0.99999, 1_500_000),
        (1, 2_900_000),
    )
)
RATINGS = Quantiles(
    (
        (0, 10),
        (0.01, 27),
        (0.05, 43),
        (0.1, 51),
        (0.25, 62),
        (0.5, 71),
        (0.75, 79),
        (0.9, 85),
        (0.95, 88),
        (0.99, 96),
        (1, 100),
    )
)
_RATED_SHARE = {
    "movie": 0.45,
    "short": 0.13,
    "tvMovie": 0.4,
    "videoGame": 0.4,
}

_RARE = 0.03
_WITHDRAWN_SHARE = 0.003  # of ratings that lose votes, in a day


def rate(title: SampleTitle, draw: Draw) -> None:
    """Give the title a rating and votes, if it is of the share that has one."""
    if draw() >= _RATED_SHARE.get(title.kind, 0.15) or (title.start or 0) > THIS_YEAR:
        return
    votes_share = max(draw(), draw()) if title.kind == "movie" else draw() * 0.975
    set_rating(title, RATINGS.at(with_genres(title)), VOTES.at(votes_share))


def with_genres(title: SampleTitle) -> float:
    """Return the title's quality (0 to 1) moved by what its genres usually get."""
    decades = ((title.start or THIS_YEAR - 10) - (THIS_YEAR - 10)) / 10
    moved = 0.07 + 0.86 * title.quality
    for name in title.genres:
        if name in GENRES:
            moved += GENRES[name].liked + GENRES[name].drift * max(decades, -2.0)
    if not _RARE < moved < 1 - _RARE:  # only few end at 1.0 and 10.0
        end = _RARE if moved < 0.5 else 1 - _RARE
        moved = end + (moved - end) * 0.1
    return min(max(moved, 0.0), 0.9999)


def set_rating(title: SampleTitle, tenths: float, votes: float) -> None:
    """Set both, within what the files allow: 1.0 to 10.0, five votes or more."""
    title.rating = min(max(int(tenths + 0.5), 10), 100)
    title.votes = max(int(votes), 5)


def vote_for_a_day(title: SampleTitle, draw: Draw) -> None:
    """Add the votes of a day: popular titles change daily, the others sometimes."""
    if draw() < _WITHDRAWN_SHARE:
        title.votes = max(5, title.votes - 1 - title.votes // 200)
        return
    if draw() < 0.02 + min(title.votes / 4000, 0.9):
        title.votes += 1 + int(draw() * draw() * (2 + title.votes / 1000))
        if draw() < 0.1:
            set_rating(title, title.rating + (1 if wobble(draw) > 0 else -1), title.votes)
