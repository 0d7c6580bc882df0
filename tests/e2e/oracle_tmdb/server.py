"""What a sync that follows the popular lists gets from the sample's server, seen without it."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count

from include.sample.api.answers import ApiRequest
from include.sample.tmdb.api import SampleApi
from tests.e2e.oracle_tmdb.answers import Answers, OracleAnswer, OracleMeasure, parsed
from tests.e2e.oracle_tmdb.history import DATASETS
from tests.e2e.oracle_tmdb.values import Body, objects

_PAGE = 20
_APPENDED = {
    "movie": "credits,external_ids,keywords",
    "tv": "aggregate_credits,external_ids,keywords",
    "person": "combined_credits,external_ids",
}


class Watched:
    """All answers about what was ever in the first pages of the popular lists, day by day."""

    def __init__(self, pages: int) -> None:
        self._pages = pages
        self._numbers = count(1)
        self._followed: set[tuple[str, int]] = set()
        self._measures: dict[tuple[str, int, date], OracleMeasure] = {}
        self._answers: dict[str, list[OracleAnswer]] = {
            name: [] for name in (*DATASETS.values(), "genres", "lists")
        }

    def watch(self, api: SampleApi, at: datetime) -> None:
        """Ask for the lists, and for the details of all that was ever in them."""
        for kind in ("movie", "tv"):
            self._ask(api, "genres", (kind,), f"/genre/{kind}/list", at)
        for kind in DATASETS:
            for page in range(1, self._pages + 1):
                target = f"/{kind}/popular?page={page}"
                body = self._ask(api, "lists", (kind, page), target, at)
                self._list(kind, page, objects(body, "results"), at)
        for kind, number in sorted(self._followed):
            target = f"/{kind}/{number}?append_to_response={_APPENDED[kind]}"
            body = self._ask(api, DATASETS[kind], (number,), target, at)
            if body:
                self._measure(kind, body, at, None)

    def answers(self) -> Answers:
        """Return what was answered so far, all of it in one load."""
        datasets = {name: list(found) for name, found in self._answers.items()}
        return Answers(measures=list(self._measures.values()), begins={}, **datasets)

    def _ask(
        self, api: SampleApi, dataset: str, key: tuple[str | int, ...], target: str, at: datetime
    ) -> Body:
        answer = api.answer(ApiRequest.parse(target))
        body = parsed(answer.body) if answer.status == 200 else {}
        self._answers[dataset].append(
            OracleAnswer(next(self._numbers), 1, key, answer.status, body, at)
        )
        return body

    def _list(self, kind: str, page: int, items: Iterable[Body], at: datetime) -> None:
        for place, item in enumerate(items, 1):
            self._followed.add((kind, item["id"]))
            self._measure(kind, item, at, (page - 1) * _PAGE + place)

    def _measure(self, kind: str, item: Body, at: datetime, rank: int | None) -> None:
        key = (kind, item["id"], at.astimezone(UTC).date())
        before = self._measures.get(key)
        if before and before.list_rank is not None:
            rank = before.list_rank  # The best place comes first.
        popularity, average = Decimal(item["popularity"]), item.get("vote_average")
        self._measures[key] = OracleMeasure(
            *key,
            popularity,
            None if average is None else Decimal(average),
            item.get("vote_count"),
            rank,
        )
