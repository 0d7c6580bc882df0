"""The daily changes of a window: rows added, changed and removed in every file."""

from include.sample.akas import foreign_name, name_elsewhere
from include.sample.credits import characters_for, writer_job
from include.sample.people import new_person
from include.sample.randomness import Draw, Topic, mix, pick, wobble
from include.sample.ratings import rate, vote_for_a_day
from include.sample.series import Series, plan_series
from include.sample.titles import (
    NULL,
    THIS_YEAR,
    SampleCredit,
    SampleTitle,
    genres_for,
    new_title,
    other_kind,
)
from include.sample.window import Window

_NEW_SHARE = 0.002  # of titles, in a day
_NEW_EPISODE_SHARE = 0.6
_NEW_SERIES_SHARE = 0.1
_CHANGED_SHARE = 0.02  # of titles, in one of six ways
EVEN_DAY = 2
"""On this day as many principals leave as come: the row count stays, the rows do not."""


def advance(window: Window) -> None:
    """Take the window to its next day, in place."""
    window.day += 1
    draw = window.draws(Topic.DAY, window.day)
    principals = _principals(window)
    before = list(window.titles.values())
    if window.number == 0:
        _arrive_unknown(window)
    for title in before:
        _change(window, title, draw)
    _take_away(window, before, draw)
    _add_titles(window, draw)
    if window.day == EVEN_DAY:
        _even_out(window, principals, draw)


def _principals(window: Window) -> int:
    return sum(len(title.credits) for title in window.titles.values())


def _change(window: Window, title: SampleTitle, draw: Draw) -> None:
    if title.rating and not title.reserved:
        vote_for_a_day(title, draw)
    if title.reserved or draw() >= _CHANGED_SHARE:
        return
    sort = int(draw() * 6)
    if sort == 0:
        _retitle(title, draw)
    elif sort == 1:
        title.genres = genres_for(title.kind, title.start, draw)
        title.runtime = (title.runtime or 40) + 1
    elif sort == 2:
        _change_credits(window, title, draw)
    elif sort == 3:
        _change_akas(title, draw)
    elif sort == 4:
        _change_numbers(title, draw)
        title.directors = [*title.directors, window.casting.person("director", title.start, draw)]
        title.directors = list(dict.fromkeys(title.directors))
    elif title.start and not title.end and title.start < THIS_YEAR:
        title.start += 1 if wobble(draw) > 0 else -1


def _retitle(title: SampleTitle, draw: Draw) -> None:
    suffix = pick((": The Return", " (Restored)", "!", " - Part One"), draw)
    if title.original == title.primary and draw() < 0.7:
        title.original += suffix
    title.primary += suffix


def _change_credits(window: Window, title: SampleTitle, draw: Draw) -> None:
    chance = draw()
    if chance < 0.35 or not title.credits:
        _add_actor(window, title, draw)
    elif chance < 0.6:
        # From the middle: the later credits move up.
        del title.credits[int(draw() * len(title.credits))]
    else:
        place = int(draw() * len(title.credits))
        credit = title.credits[place]
        if credit.category in {"actor", "actress", "self"}:
            credit = credit._replace(characters=characters_for("actor", draw))
        else:
            credit = credit._replace(job=writer_job(draw))
        title.credits[place] = credit


def _change_numbers(title: SampleTitle, draw: Draw) -> None:
    if title.parent and draw() < 0.5:
        title.season = title.season or 1
        title.episode = 0 if title.episode is None else title.episode + 1


def _change_akas(title: SampleTitle, draw: Draw) -> None:
    chance = draw()
    if chance < 0.5 or not title.akas:
        title.akas.append(foreign_name(title, draw))
    elif chance < 0.75:
        title.akas.pop()
    else:
        title.akas[-1] = title.akas[-1]._replace(title=foreign_name(title, draw).title)


def _take_away(window: Window, before: list[SampleTitle], draw: Draw) -> None:
    """Remove a title, a rating or a person: each from every third window in turn."""
    turn = (window.number + window.day) % 3
    free = [title for title in before if not title.reserved and title.tconst in window.titles]
    if turn == 0:
        gone = [title for title in free if title.kind not in {"tvSeries", "tvMiniSeries"}]
        if gone:
            del window.titles[pick(gone, draw).tconst]
    elif turn == 1:
        rated = [title for title in free if title.rating]
        if rated:
            lost = pick(rated, draw)
            lost.rating = lost.votes = 0
    else:
        # People with few credits: only few credits may refer to a missing person.
        crew = [person for person in window.company.by_id.values() if person.role == "crew"]
        if crew:
            del window.company.by_id[pick(crew, draw).nconst]


def _add_titles(window: Window, draw: Draw) -> None:
    count = window.universe.titles_in(window.number)
    for number in range(int(count * _NEW_SHARE + draw())):
        own = window.draws(Topic.NEWCOMER, mix(window.day, number))
        for _ in range(1 + int(own() * 1.4)):
            person = new_person(window.person_ids.one(own), own, decade=THIS_YEAR // 10)
            window.company.add(person)
        tconst = window.title_ids.one(own)
        running = [s for s in window.series if s.title.kind == "tvSeries" and s.title.end is None]
        chance = own()
        if running and chance < _NEW_EPISODE_SHARE:
            title = window.add_episode(pick(running, own), tconst, own)
        elif chance < _NEW_EPISODE_SHARE + _NEW_SERIES_SHARE:
            title = _new_series(window, tconst, own).title
        else:
            title = new_title(tconst, other_kind(own), own)
            window.add_title(title, own)
        title.start = THIS_YEAR


def _new_series(window: Window, tconst: str, draw: Draw) -> Series:
    series = plan_series(tconst, 0, False, draw)
    series.title.end = None
    window.add_series(series, draw)
    return series


def _arrive_unknown(window: Window) -> None:
    """Add an unknown title type, category and profession."""
    if window.day != 2:
        return
    draw = window.draws(Topic.ODDITY, 1_000_000)
    person = new_person(window.person_ids.one(draw), draw, role="crew")
    person.extra = ("intimacy_coordinator",)
    window.company.add(person)
    title = new_title(window.title_ids.one(draw), "webSeries", draw)
    title.reserved = True
    rate(title, draw)
    name_elsewhere(title, draw)
    title.credits = [SampleCredit(person.nconst, "intimacy_coordinator", NULL, NULL)]
    window.titles[title.tconst] = title


def _even_out(window: Window, wanted: int, draw: Draw) -> None:
    """Remove or add credits until the window has as many as the day before."""
    excess = _principals(window) - wanted
    free = [title for title in window.titles.values() if not title.reserved]
    for _ in range(abs(excess)):
        choice = free if excess < 0 else [title for title in free if title.credits]
        if not choice:  # in the smallest samples
            return
        title = pick(choice, draw)
        if excess > 0:
            title.credits.pop()
        else:
            _add_actor(window, title, draw)


def _add_actor(window: Window, title: SampleTitle, draw: Draw) -> None:
    nconst = window.casting.person("actor", title.start, draw)
    title.credits.append(SampleCredit(nconst, "actor", NULL, characters_for("actor", draw)))
