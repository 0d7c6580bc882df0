"""What append_to_response adds to a body: credits, ids and keywords, without an id of their own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from include.sample.people import SamplePerson
from include.sample.titles import SampleTitle
from include.sample.tmdb import catalog
from include.sample.tmdb.catalog import Body
from include.sample.tmdb.credits import Credit
from include.sample.tmdb.draws import day_of
from include.sample.tmdb.view import View
from include.sample.tmdb.world import World


@dataclass(frozen=True)
class Appended:
    """Makes the objects that may be appended."""

    world: World

    def of_movie(self, title: SampleTitle) -> dict[str, Callable[[], Body]]:
        """Return, by name, what can be appended to a movie."""
        world = self.world
        number = world.numbers.of("movie", title.tconst)
        return {
            "credits": lambda: self._credits(title),
            "external_ids": lambda: world.movies.external_ids(title, world.day),
            "keywords": lambda: {"keywords": catalog.keywords(number)},
        }

    def of_show(self, show: SampleTitle) -> dict[str, Callable[[], Body]]:
        """Return, by name, what can be appended to a show."""
        world = self.world
        number = world.numbers.of("tv", show.tconst)
        return {
            "aggregate_credits": lambda: self._aggregate(show),
            "credits": lambda: self._credits(show),
            "external_ids": lambda: world.shows.external_ids(show, world.day),
            "keywords": lambda: {"results": catalog.keywords(number)},
        }

    def of_person(self, person: SamplePerson) -> dict[str, Callable[[], Body]]:
        """Return, by name, what can be appended to a person."""
        world = self.world
        return {
            "combined_credits": lambda: self._combined(person),
            "external_ids": lambda: world.people.external_ids(person, world.day),
        }

    def creators(self, show: SampleTitle) -> list[Body]:
        """Return created_by: the first two writers in the show's own credits."""
        view = self._view_of(show)
        found = [
            credit
            for credit in view.credits_of(show)
            if credit.department == "Writing"
            and any(own.nconst == credit.nconst for own in show.credits)
        ]
        keys = ("gender", "id", "name", "original_name", "profile_path")
        bodies = []
        for credit in found[:2]:
            summary = self._summary(view, credit.nconst)
            bodies.append({key: summary[key] for key in keys} | {"credit_id": credit.credit_id})
        return bodies

    def _view_of(self, title: SampleTitle) -> View:
        return self.world.view(self.world.numbers.window_of(title.tconst))

    def _summary(self, view: View, nconst: str) -> Body:
        found = view.summaries.get(nconst)
        if found is None:
            people, day = self.world.people, self.world.day
            person = self.world.credited(view, nconst)
            found = people.summary(person, day) if person else people.stranger(nconst, day)
            view.summaries[nconst] = found
        return found

    def _credits(self, title: SampleTitle) -> Body:
        view = self._view_of(title)
        cast: list[Body] = []
        crew: list[Body] = []
        for credit in view.credits_of(title):
            body = self._summary(view, credit.nconst) | {"credit_id": credit.credit_id}
            if credit.is_cast:
                body |= {"character": credit.character, "order": len(cast)}
                if title.tconst in view.movies:
                    body["cast_id"] = credit.order + 1
                cast.append(body)
            else:
                crew.append(body | {"department": credit.department, "job": credit.job})
        return {"cast": cast, "crew": crew}

    def _aggregate(self, show: SampleTitle) -> Body:
        view = self._view_of(show)
        cast: dict[str, list[Credit]] = {}
        crew: dict[tuple[str, str], list[Credit]] = {}
        for credit in view.credits_of(show):
            if credit.is_cast:
                cast.setdefault(credit.nconst, []).append(credit)
            else:  # a person once for each department
                crew.setdefault((credit.nconst, credit.department), []).append(credit)
        return {
            "cast": [
                self._summary(view, nconst)
                | {"roles": _parts(found, "character"), "order": order}
                | _total(found)
                for order, (nconst, found) in enumerate(cast.items())
            ],
            "crew": [
                self._summary(view, nconst)
                | {"jobs": _parts(found, "job"), "department": department}
                | _total(found)
                for (nconst, department), found in crew.items()
            ],
        }

    def _combined(self, person: SamplePerson) -> Body:
        body: Body = {"cast": [], "crew": []}
        for view in self.world.views_with(person.nconst):
            for title in view.works.get(person.nconst, ()):
                kind = "movie" if title.tconst in view.movies else "tv"
                if not self.world.is_listed(kind, title.tconst):
                    continue
                maker = self.world.movies if kind == "movie" else self.world.shows
                item = maker.item(title, self.world.day) | {"media_type": kind}
                for credit in view.credits_of(title):
                    if credit.nconst == person.nconst:
                        place = "cast" if credit.is_cast else "crew"
                        body[place].append(item | self._part(credit, kind))
        return body

    def _part(self, credit: Credit, kind: str) -> Body:
        part: Body = {"credit_id": credit.credit_id}
        if credit.is_cast:
            part["character"] = credit.character
        else:
            part |= {"department": credit.department, "job": credit.job}
        if kind == "tv":
            year = credit.first_year
            first = day_of(year, int(credit.nconst[2:])) if year else None
            part |= {"episode_count": credit.episodes, "first_credit_air_date": first}
        elif credit.is_cast:
            part["order"] = credit.order
        return part


def _parts(found: list[Credit], name: str) -> list[Body]:
    return [
        {
            "credit_id": credit.credit_id,
            name: getattr(credit, name),
            "episode_count": credit.episodes,
        }
        for credit in found
    ]


def _total(found: list[Credit]) -> dict[str, Any]:
    return {"total_episode_count": sum(credit.episodes for credit in found)}
