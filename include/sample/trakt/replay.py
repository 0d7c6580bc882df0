"""Serves answers of Trakt again: those that landed in a warehouse, or recordings in a folder.

with serve_replay(url, batch=12, scale=10, faults=("503", "cut")) as server:
    requests.get(server.base_url + "/comments/recent/all/all?page=1", headers=REQUIRED)
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC
from email.utils import format_datetime
from pathlib import Path

from include.sample.api.answers import ApiRequest, SampleAnswer, empty, to_json
from include.sample.api.faults import Effect, cut, reset
from include.sample.api.recordings import Recording, Recordings
from include.sample.api.traffic import UNLIMITED, Limits
from include.sample.randomness import mix, words
from include.sample.tmdb.draws import text_number
from include.sample.trakt.copies import moved, moved_number, original_path
from include.sample.trakt.faults import fail
from include.sample.trakt.landed import LandedAnswer, LandedAnswers
from include.sample.trakt.pages import FEED_AGE, answer_of, page_of
from include.sample.trakt.server import TraktLike

FAULT_SHARE = 0.05
LONGEST_PAUSE = 30.0
"""Seconds that an answer waits at most, however long the recording paused."""
_Question = tuple[str, tuple[tuple[str, str], ...]]
_LEFT_OUT = frozenset(
    words(
        "content-type content-length content-encoding transfer-encoding connection vary server "
        "expires date etag"
    )
)
_LISTS = ("/movies/popular", "/movies/trending", "/shows/popular", "/shows/trending")
"""They do not land, and are empty."""


@dataclass(frozen=True)
class LandedReplay:
    """Answers as the landed ones, in `copies` copies whose ids differ.

    A page of a feed becomes one page for each copy, so a feed has so many times more pages.
    """

    landed: LandedAnswers
    copies: int
    speed: float | None
    """How many times faster than recorded; None for no pauses."""
    _known: dict[_Question, dict[int, LandedAnswer]] = field(default_factory=dict)
    _pauses: dict[LandedAnswer, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Sort the answers by what was asked. Raises ValueError for less than one copy."""
        if self.copies < 1:
            raise ValueError(f"scale must be 1 or more, not {self.copies}")
        before = None
        for answer in self.landed.answers:
            for request in answer.names:
                self._known.setdefault(_question(request), {})[_page(request)] = answer
            gap = (answer.answered_at - before).total_seconds() if before else 0.0
            self._pauses[answer] = min(max(gap, 0.0), LONGEST_PAUSE)
            before = answer.answered_at

    def answer(self, request: ApiRequest) -> SampleAnswer:
        """Return the landed answer; 404 where none landed, an empty list after the last page."""
        path, copy = original_path(request.path)
        known = self._known.get(_question(ApiRequest(path, request.query)))
        if not known or copy >= self.copies:
            if path in _LISTS:
                return page_of(request, (), str, limit=100, age=FEED_AGE)
            return empty(404)
        page = _page(request)
        is_feed = next(iter(known.values())).is_feed
        if is_feed:
            page, copy = (page - 1) // self.copies + 1, (page - 1) % self.copies
        landed = known.get(page)
        if landed is None:
            return self._after_last(known[min(known)], request)
        delay = 0.0 if self.speed is None else self._pauses[landed] / self.speed
        if landed.status != 200:
            return replace(empty(landed.status), delay=delay)
        text = self.landed.body(landed)
        if copy:
            text = to_json(moved(json.loads(text), copy))
        headers = self._headers(landed, _page(request), copy)
        return replace(answer_of(text, FEED_AGE, headers), delay=delay)

    def _after_last(self, first: LandedAnswer, request: ApiRequest) -> SampleAnswer:
        return answer_of("[]", FEED_AGE, self._headers(first, _page(request), 0))

    def _headers(self, landed: LandedAnswer, page: int, copy: int) -> dict[str, str]:
        times = self.copies if landed.is_feed else 1
        headers = {"Date": format_datetime(landed.answered_at.astimezone(UTC), usegmt=True)}
        if landed.page_count is not None:
            headers |= {"X-Pagination-Page": str(page)}
            headers |= {"X-Pagination-Page-Count": str(landed.page_count * times)}
        if landed.page_limit is not None:
            headers |= {"X-Pagination-Limit": str(landed.page_limit)}
        if landed.item_count is not None:
            headers |= {"X-Pagination-Item-Count": str(landed.item_count * times)}
        if landed.kind == "comment" and landed.title_id is not None:
            headers |= {"X-Item-Type": str(landed.level)}
            headers |= {"X-Item-ID": str(moved_number(landed.title_id, copy))}
        return headers


@dataclass
class DrawnFaults:
    """Lets a share of the answers fail, in the same way for the same seed.

    The draw is of the question and of how often it was asked, so that another try can succeed.
    """

    effects: Sequence[Effect]
    seed: int
    share: float
    _asked: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def apply(self, request: ApiRequest, answer: SampleAnswer) -> SampleAnswer:
        """Return the answer, or what a fault makes of it."""
        if not self.effects:
            return answer
        with self._lock:
            self._asked[request.name] += 1
            time = self._asked[request.name]
        drawn = mix(self.seed, text_number(request.name), time)
        if drawn % 10_000 >= self.share * 10_000:
            return answer
        return self.effects[(drawn >> 32) % len(self.effects)](answer)


class TraktReplayServer(TraktLike):
    """Answers by a function, with faults at a share of the answers."""

    def __init__(
        self,
        answer: Callable[[ApiRequest], SampleAnswer],
        port: int = 0,
        limits: Limits = UNLIMITED,
        *,
        drawn: DrawnFaults | None = None,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        """`close` is called when the server stops."""
        super().__init__(answer, port, limits)
        self._drawn = drawn
        self._close = close

    def answer(self, request: ApiRequest) -> SampleAnswer:
        """Return the answer as the drawn faults leave it."""
        found = super().answer(request)
        return self._drawn.apply(request, found) if self._drawn else found

    def stop(self) -> None:
        """Stop, and let go of what was served."""
        super().stop()
        self._close()


def serve_replay(
    url: str,
    batch: int,
    *,
    speed: str | float = "max",
    scale: int = 1,
    faults: Sequence[str] = (),
    share: float = FAULT_SHARE,
    seed: int = 1,
    port: int = 0,
) -> TraktReplayServer:
    """Return a server, not started, of what landed in the warehouse `url` until `batch`.

    `speed` is "max", or how many times faster than recorded answers come. `faults` are statuses,
    "cut" or "reset"; they hit a `share` of the answers. Raises ValueError.
    """
    effects = [fault_named(name) for name in faults]
    pace = None if speed == "max" else float(speed)
    if pace is not None and pace <= 0:
        raise ValueError(f"speed must be max or a number above 0, not {speed}")
    landed = LandedAnswers.of(url, batch)
    return TraktReplayServer(
        LandedReplay(landed, scale, pace).answer,
        port,
        drawn=DrawnFaults(effects, seed, share),
        close=landed.close,
    )


def serve_folder(folder: Path, port: int = 0) -> TraktReplayServer:
    """Return a server, not started, of a folder with recorded bodies and headers.json.

    headers.json has for each file its request (`GET /path?query`) and its headers. A request must
    ask for the recorded page; the rest of its query does not matter. Raises ValueError, OSError.
    """
    recordings: dict[str, str | Recording] = {}
    for file, recorded in json.loads((folder / "headers.json").read_text("utf-8")).items():
        request = ApiRequest.parse(recorded["request"].partition(" ")[2])
        headers = recorded["headers"]
        kept = {name: value for name, value in headers.items() if name not in _LEFT_OUT}
        if "date" in headers:
            kept["Date"] = headers["date"]
        page = f"?page={_page(request)}" if "x-pagination-page" in headers else ""
        recordings[request.path + page] = Recording(file, kept)
    if not recordings:
        raise ValueError(f"{folder / 'headers.json'} names no recorded answer")
    return TraktReplayServer(Recordings(folder, recordings, empty(404)).answer, port)


def fault_named(name: str) -> Effect:
    """Return the fault: a status from 400 to 599, `cut` or `reset`. Raises ValueError."""
    if name == "cut":
        return cut()
    if name == "reset":
        return reset()
    if name.isascii() and name.isdigit() and 400 <= int(name) < 600:
        return fail(int(name), retry_after=1 if name == "429" else None)
    raise ValueError(f"{name!r} is no fault: say a status from 400 to 599, cut or reset")


def _question(request: ApiRequest) -> _Question:
    query = sorted(item for item in request.query.items() if item[0] not in {"page", "limit"})
    return request.path, tuple(query)


def _page(request: ApiRequest) -> int:
    text = request.query.get("page", "1")
    return int(text) if text.isascii() and text.isdigit() else 1
