"""What TMDb is asked, and what its answers mean: a page, the end of a list, a thing is gone."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tmdb_pipeline.config import LANGUAGE, MediaKind, contract
from warehouse.errors import SourceRefused, SourceUnavailable
from warehouse.http.api_client import ApiAnswer, ApiClient
from warehouse.http.contracts import Breach

# TMDb's own codes in the body of an error.
_NOT_FOUND, _INVALID_PAGE = 34, 22


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list or of changes that keeps to its contract. `ends` where there is no such."""

    answer: ApiAnswer
    results: tuple[Any, ...] = ()
    total_pages: int = 0
    ends: bool = False
    breach: Breach | None = None


class TmdbClient:
    """Asks TMDb through `api`. Every method raises as `ApiClient.get` does."""

    def __init__(self, api: ApiClient) -> None:
        self.api = api

    def now(self) -> datetime:
        """Return the time by TMDb's clock; it is a request, and shows whether the key is good."""
        return self.api.get("configuration").answered_at

    def genres(self, kind: MediaKind) -> ApiAnswer:
        """Return the list of genres of a kind."""
        return self.api.get(f"genre/{kind.name}/list", language=LANGUAGE)

    def popular(self, kind: MediaKind, page: int) -> Page:
        """Return a page of the popular list."""
        answer = self.api.get(
            f"{kind.name}/popular", expected=(200, 400), language=LANGUAGE, page=page
        )
        return _page(answer)

    def changes(self, kind: MediaKind, start: date, end: date, page: int) -> Page:
        """Return a page of what was edited between two days."""
        answer = self.api.get(
            f"{kind.name}/changes",
            expected=(200, 400),
            start_date=start.isoformat(),
            end_date=end.isoformat(),
            page=page,
        )
        return _page(answer)

    def details(self, kind: MediaKind, number: int) -> ApiAnswer:
        """Return the details of a thing; status 404 where TMDb says that there is no such."""
        answer = self.api.get(
            f"{kind.name}/{number}",
            expected=(200, 404),
            append_to_response=",".join(kind.appended),
            language=LANGUAGE,
        )
        if answer.status == 404 and answer.data.get("status_code") != _NOT_FOUND:
            # An address that is wrong or a proxy says so, too, and nothing is gone then.
            raise SourceUnavailable(f"{answer.url}: answered 404 without TMDb's code for it.")
        if answer.status == 200 and answer.data.get("id", number) != number:
            raise SourceUnavailable(f"{answer.url}: answered with the id {answer.data['id']!r}.")
        return answer


def _page(answer: ApiAnswer) -> Page:
    if answer.status == 400:
        if answer.data.get("status_code") == _INVALID_PAGE:
            return Page(answer, ends=True)
        message = str(answer.data.get("status_message", answer.data))[:200]
        raise SourceRefused(f"{answer.url}: answered 400: {message}")
    if breach := contract("page").breach(answer.data):
        return Page(answer, breach=breach)
    return Page(answer, tuple(answer.data["results"]), answer.data["total_pages"])
