"""What Trakt is asked, and what its answers mean: a page, a comment, a thing that is gone.

Lists are pages of up to 250 items. How many pages there are, only the headers of an answer say:
Trakt lowers limits without a word, and leaves hidden items out of pages.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from trakt_pipeline.config import PAGE_LENGTH
from warehouse.errors import SourceUnavailable
from warehouse.http.api_client import ApiAnswer, ApiClient

Level = Literal["movie", "show"]
Popularity = Literal["popular", "trending"]
# From the oldest: what arrives while a list is read is at its end.
_SORT = "oldest"
_GONE = (200, 404)


@dataclass(frozen=True, slots=True)
class CommentsPage:
    """A page of a list as it came; `items` are what is in it, of whatever shape.

    The numbers are those of the headers; None where they are not there. `page` is the number that
    was asked for where the answer names none.
    """

    answer: ApiAnswer
    items: tuple[Any, ...]
    page: int
    page_limit: int | None = None
    page_count: int | None = None
    item_count: int | None = None

    @property
    def is_gone(self) -> bool:
        """Whether there is no such list or comment."""
        return self.answer.status == 404

    @property
    def is_last(self) -> bool:
        """Whether no page comes after it; an empty one is the last where no header says more."""
        if self.page_count is None:
            return not self.items
        return self.page >= self.page_count


class TraktClient:
    """Asks Trakt through `api`. Every method raises as `ApiClient.get` does.

    A 404 is an answer where one thing or the list of one thing is asked for.
    """

    def __init__(self, api: ApiClient) -> None:
        self.api = api

    def recent(self, page: int) -> CommentsPage:
        """Return a page of the newest comments and replies on everything, each with its title."""
        return self._pages("comments/recent/all/all", page, include_replies="true")

    def updates(self, page: int) -> CommentsPage:
        """Return a page of what was touched last, in an order that no field shows."""
        return self._pages("comments/updates/all/all", page, include_replies="true")

    def unit_comments(self, path: str, page: int) -> CommentsPage:
        """Return a page of the comments of a unit, e.g. `movies/1/comments`, the oldest first."""
        return self._pages(f"{path}/{_SORT}", page, expected=_GONE)

    def replies(self, comment_id: int, page: int) -> CommentsPage:
        """Return a page of the replies to a comment."""
        return self._pages(f"comments/{comment_id}/replies", page, expected=_GONE)

    def comment(self, comment_id: int) -> CommentsPage:
        """Return a comment by its id, as a page of one.

        The headers `x-item-type` and `x-item-id` of its answer name what it is about.
        """
        answer = self.api.get(f"comments/{comment_id}", expected=_GONE)
        if answer.status == 404:
            return CommentsPage(answer, (), 1)
        _check_id(answer, comment_id, answer.data.get("id"))
        return CommentsPage(answer, (answer.data,), 1)

    def title(self, level: Level, name: int | str) -> ApiAnswer:
        """Return a movie or show by Trakt's number, its slug or IMDb's id."""
        answer = self.api.get(f"{level}s/{name}", expected=_GONE, extended="full")
        if answer.status == 200 and isinstance(name, int):
            _check_id(answer, name, _ids(answer.data).get("trakt"))
        return answer

    def seasons(self, title_id: int) -> ApiAnswer:
        """Return the seasons of a show with their episodes; its data are a list."""
        return self.api.get(
            f"shows/{title_id}/seasons", expected=_GONE, shape=list, extended="full,episodes"
        )

    def ratings(self, level: Level, title_id: int) -> ApiAnswer:
        """Return the rating of a title and its distribution."""
        return self.api.get(f"{level}s/{title_id}/ratings", expected=_GONE)

    def stats(self, level: Level, title_id: int) -> ApiAnswer:
        """Return how many watched, collected and listed a title."""
        return self.api.get(f"{level}s/{title_id}/stats", expected=_GONE)

    def titles_list(self, level: Level, popularity: Popularity, page: int) -> CommentsPage:
        """Return a page of the popular or trending titles."""
        return self._pages(f"{level}s/{popularity}", page)

    def _pages(
        self, path: str, page: int, *, expected: tuple[int, ...] = (200,), **query: str
    ) -> CommentsPage:
        answer = self.api.get(
            path, expected=expected, shape=list, **query, page=page, limit=PAGE_LENGTH
        )
        headers = answer.headers
        found, count = _number(headers, "Page"), _number(headers, "Page-Count")
        # Behind the last page a server may give the last one.
        if found not in {None, page, min(page, count or page)}:
            raise SourceUnavailable(f"{answer.url}: answered with the page {found}.")
        return CommentsPage(
            answer,
            tuple(answer.data) if answer.status == 200 else (),
            page,
            _number(headers, "Limit"),
            count,
            _number(headers, "Item-Count"),
        )


def listed_title(item: Any, level: Level) -> Any:
    """Return the title in an item of a list: popular ones are bare, trending ones wrapped."""
    return item[level] if isinstance(item, dict) and level in item else item


def _ids(data: Any) -> Mapping[str, Any]:
    found = data.get("ids")
    return found if isinstance(found, dict) else {}


def _check_id(answer: ApiAnswer, asked: int, found: Any) -> None:
    if found is not None and found != asked:
        raise SourceUnavailable(f"{answer.url}: answered with another id than was asked for.")


def _number(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(f"X-Pagination-{name}", "").strip()
    return int(text) if text.isascii() and text.isdecimal() else None
