"""The routes of the API: from a request to its answer."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from include.sample.api.answers import ApiRequest, SampleAnswer
from include.sample.randomness import words
from include.sample.tmdb import catalog
from include.sample.tmdb.appended import Appended
from include.sample.tmdb.catalog import Body
from include.sample.tmdb.errors import error
from include.sample.tmdb.feed import LONGEST, Feed
from include.sample.tmdb.lists import LAST_PAGE, Lists
from include.sample.tmdb.numbers import KINDS
from include.sample.tmdb.world import SampleWorld

_MOST_APPENDED = 20
_GENRES = {"movie": catalog.MOVIE_GENRES, "tv": catalog.TV_GENRES}
_CHANGE_KEYS = words(
    "biography budget cast crew general genres images imdb_id name overview release_date revenue "
    "runtime season status tagline title"
)
_CONFIGURATION = {
    "change_keys": _CHANGE_KEYS,
    "images": {
        "base_url": "http://image.tmdb.org/t/p/",
        "secure_base_url": "https://image.tmdb.org/t/p/",
        "backdrop_sizes": ["w300", "w780", "w1280", "original"],
        "logo_sizes": ["w45", "w92", "w154", "w185", "w300", "w500", "original"],
        "poster_sizes": ["w92", "w154", "w185", "w342", "w500", "w780", "original"],
        "profile_sizes": ["w45", "w185", "h632", "original"],
        "still_sizes": ["w92", "w185", "w300", "original"],
    },
}
_SAMPLE_ID = re.compile(r"(?:tt|nm)\d{7,8}", re.ASCII)
_FOUND = ("movie", "person", "tv", "tv_episode", "tv_season")


@dataclass(frozen=True)
class SampleApi:
    """Answers requests from a world."""

    world: SampleWorld
    lists: Lists
    feed: Feed
    appended: Appended

    @classmethod
    def of(cls, world: SampleWorld, today: date) -> "SampleApi":
        """Return the API of a world whose day is `today`."""
        return cls(world, Lists(world), Feed(world, today), Appended(world))

    def answer(self, request: ApiRequest) -> SampleAnswer:
        """Return the answer, which depends on the request alone."""
        match request.path.strip("/").split("/"):
            case ["configuration"]:
                return SampleAnswer.of(_CONFIGURATION)
            case ["genre", kind, "list"] if kind in _GENRES:
                return SampleAnswer.of({"genres": catalog.genres(list(_GENRES[kind]), kind)})
            case ["find", sample_id]:
                return self._find(sample_id, request.query.get("external_source"))
            case [kind, *parts] if kind in KINDS:
                return self._of_kind(kind, parts, request)
            case _:
                return error(34)

    def _of_kind(self, kind: str, parts: list[str], request: ApiRequest) -> SampleAnswer:
        match parts:
            case ["popular"]:
                page = _page(request)
                return SampleAnswer.of(self.lists.page(kind, page)) if page else error(22)
            case ["changes"]:
                return self._changes(kind, request)
            case [number]:
                return self._details(kind, number, request.query.get("append_to_response", ""))
            case [number, part]:
                return self._part(kind, number, part)
            case _:
                return error(34)

    def _details(self, kind: str, number: str, append: str) -> SampleAnswer:
        names = [name for name in append.split(",") if name]
        if len(names) > _MOST_APPENDED:
            return error(27)
        found = self._thing(kind, number)
        if found is None:
            return error(34)
        body, parts = found
        content = body()
        for name in names:
            if name in parts:
                content[name] = parts[name]()
        return SampleAnswer.of(content)

    def _part(self, kind: str, number: str, part: str) -> SampleAnswer:
        found = self._thing(kind, number)
        if found is None or part not in found[1]:
            return error(34)
        return SampleAnswer.of({"id": found[0]()["id"]} | found[1][part]())

    def _thing(
        self, kind: str, number: str
    ) -> tuple[Callable[[], Body], dict[str, Callable[[], Body]]] | None:
        """Return what makes the body and what makes each appended part."""
        world = self.world
        if _SAMPLE_ID.fullmatch(number):
            sample_id: str | None = number
        else:
            plain = number.isascii() and number.isdigit() and len(number) < 12
            sample_id = world.numbers.back(kind, int(number)) if plain else None
        if sample_id is None:
            return None
        if kind == "person":
            person = world.person(sample_id)
            if person is None:
                return None
            return lambda: world.people.details(person, world.day), self.appended.of_person(person)
        title = world.title(kind, sample_id)
        if title is None:
            return None
        if kind == "movie":
            return lambda: world.movies.details(title, world.day), self.appended.of_movie(title)
        view = world.view(world.numbers.window_of(sample_id))
        episodes = view.episodes.get(sample_id, [])
        creators = self.appended.creators
        return (
            lambda: world.shows.details(title, episodes, creators(title), world.day),
            self.appended.of_show(title),
        )

    def _changes(self, kind: str, request: ApiRequest) -> SampleAnswer:
        page = _page(request)
        if page is None:
            return error(22)
        try:
            end = _date(request, "end_date") or self.feed.today
            start = _date(request, "start_date") or end
        except ValueError:
            return error(23)
        if not timedelta() <= end - start <= timedelta(days=LONGEST):
            return error(20)
        return SampleAnswer.of(self.feed.page(kind, start, end, page))

    def _find(self, sample_id: str, source: str | None) -> SampleAnswer:
        if source != "imdb_id":
            return SampleAnswer(400, b'{"errors":["external_source must be provided"]}')
        found: Body = {f"{name}_results": [] for name in _FOUND}
        if _SAMPLE_ID.fullmatch(sample_id):
            kind, item = self._found(sample_id)
            if item:
                found[f"{kind}_results"].append(item | {"media_type": kind})
        return SampleAnswer.of(found)

    def _found(self, sample_id: str) -> tuple[str, Body | None]:
        world = self.world
        view = world.view(world.numbers.window_of(sample_id))
        person = world.person(sample_id) if sample_id.startswith("nm") else None
        if person and world.people.external_ids(person, world.day)["imdb_id"]:
            return "person", self.lists.person_item(view, sample_id)
        movie = world.title("movie", sample_id)
        if movie and world.movies.external_ids(movie, world.day)["imdb_id"]:
            return "movie", world.movies.item(movie, world.day)
        show = world.title("tv", sample_id)
        if show and world.shows.external_ids(show, world.day)["imdb_id"]:
            return "tv", world.shows.item(show, world.day)
        for parent, episodes in view.episodes.items():
            for episode in episodes:
                if episode.tconst == sample_id and world.title("tv", parent):
                    number = world.numbers.of("tv", parent)
                    return "tv_episode", world.shows.episode(episode, number, world.day)
        return "", None


def _page(request: ApiRequest) -> int | None:
    text = request.query.get("page", "1")
    page = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    return page if 1 <= page <= LAST_PAGE else None


def _date(request: ApiRequest, name: str) -> date | None:
    text = request.query.get(name)
    return datetime.strptime(text, "%Y-%m-%d").date() if text else None
