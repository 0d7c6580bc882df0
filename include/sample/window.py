"""One window of the sample: about a thousand titles and their people, as they are on some day."""

from itertools import islice

from include.sample.akas import name_elsewhere
from include.sample.credits import Casting
from include.sample.people import Company, SamplePerson, new_person
from include.sample.quirks import PERSON_QUIRKS, TITLE_QUIRKS, QuirkScene
from include.sample.randomness import Draw, Topic, shuffle, stream
from include.sample.ratings import rate
from include.sample.rows import Lines, PeopleRenderer, title_lines
from include.sample.series import Series, is_hit, new_episode, plan_series
from include.sample.titles import EPISODE_SHARE, SampleTitle, new_title, other_kind
from include.sample.universe import Universe


class Window:
    """Titles and people of one window. It starts on day 1; `days.advance` adds a day."""

    def __init__(self, universe: Universe, number: int) -> None:
        """Make day 1 of window `number` (0 to `universe.windows` - 1)."""
        self.universe = universe
        self.number = number
        self.day = 1
        self.person_ids = universe.ids(number, "nm")
        self.title_ids = universe.ids(number, "tt")
        self.company = Company(self._people())
        self.casting = Casting(self.company, universe.stars)
        self.titles: dict[str, SampleTitle] = {}
        self.series: list[Series] = []
        self._fill()
        self._put_quirks()
        self._first_titles = sorted(self.titles)

    def draws(self, topic: Topic, number: int) -> Draw:
        """Return the stream for one thing of this window."""
        return stream(self.universe.seed, self.number, topic, number)

    def lines(self) -> Lines:
        """Return the lines of all seven files as of this day."""
        titles = [self.titles[tconst] for tconst in sorted(self.titles)]
        lines = title_lines(titles)
        lines["name.basics"] = self._people_lines(titles)
        return lines

    def _people_lines(self, titles: list[SampleTitle]) -> list[str]:
        people = PeopleRenderer(self.universe.seed, titles, self._first_titles)
        return people.lines(self.company.by_id)

    def _people(self) -> list[SamplePerson]:
        ids = self.universe.person_ids(self.number, self.person_ids)
        stars = self.universe.stars_in(self.number)
        people = []
        for place, nconst in enumerate(ids):
            draw = self.draws(Topic.PERSON, place)
            if place < len(stars):
                star = stars[place]
                people.append(new_person(nconst, draw, star.role, star.decade))
            else:
                people.append(new_person(nconst, draw))
        return people

    def _fill(self) -> None:
        count = self.universe.titles_in(self.number)
        layout = self.draws(Topic.LAYOUT, 0)
        ids = self.title_ids.spread(count, self.draws(Topic.TITLE_IDS, 0))
        shuffle(ids, layout)
        unused = iter(ids)
        episodes = int(count * EPISODE_SHARE + layout())
        place = 0
        while episodes > 0 and place < count:
            draw = self.draws(Topic.TITLE, place)
            series = plan_series(
                next(unused), episodes, is_hit(self.number, len(self.series)), draw
            )
            self.add_series(series, draw)
            place += 1
            for tconst in islice(unused, min(series.planned, episodes)):
                self.add_episode(series, tconst, self.draws(Topic.TITLE, place))
                place += 1
                episodes -= 1
        for tconst in unused:
            draw = self.draws(Topic.TITLE, place)
            self.add_title(new_title(tconst, other_kind(draw), draw), draw)
            place += 1

    def add_series(self, series: Series, draw: Draw) -> None:
        """Add a series with its people."""
        series.troupe = self.casting.troupe(series.title, draw)
        self.series.append(series)
        self.casting.cast_title(series.title, draw, series.troupe)
        name_elsewhere(series.title, draw)
        self.titles[series.title.tconst] = series.title

    def add_episode(self, series: Series, tconst: str, draw: Draw) -> SampleTitle:
        """Add the next episode of the series."""
        title = new_episode(series, tconst, draw)
        self.casting.cast_title(title, draw, series.troupe)
        name_elsewhere(title, draw)
        self.titles[tconst] = title
        return title

    def add_title(self, title: SampleTitle, draw: Draw) -> None:
        """Add a title that belongs to no series."""
        self.casting.cast_title(title, draw)
        name_elsewhere(title, draw)
        rate(title, draw)
        self.titles[title.tconst] = title

    def _put_quirks(self) -> None:
        windows = self.universe.windows
        for number, quirk in enumerate(TITLE_QUIRKS):
            if number * 7 % windows == self.number:
                found = next(
                    (t for t in self.titles.values() if t.kind in quirk.kinds and not t.reserved),
                    None,
                )
                if found:
                    found.reserved = True
                    quirk.apply(QuirkScene(found, self.company, self.draws(Topic.ODDITY, number)))
        for number, change in enumerate(PERSON_QUIRKS):
            if number * 3 % windows == self.number:
                change(self.company.people[-1 - number % len(self.company.people)])
