"""One conditional, resumable, verified download.

`Downloader.download` asks the source whether a dataset changed, fetches it where it did, and puts
it in place only after it was read to the end and found whole. Whatever goes wrong, the file that
was there before stays. What is in the warehouse is not its business.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

import requests
import tenacity
import urllib3

from imdb_pipeline.cache_manager import CacheEntry, CacheManager
from imdb_pipeline.config import Settings, same_source
from imdb_pipeline.inspection import inspect
from imdb_pipeline.snapshot import CHUNK
from warehouse.errors import (
    DamagedFile,
    PermanentError,
    SourceRefused,
    SourceUnavailable,
    TransientError,
    UnexpectedContent,
)
from warehouse.http.part_file import PartFile, Validators
from warehouse.raw.dataset import Dataset

log = logging.getLogger(__name__)

# Worth another try (RFC 9110, section 15): timeout, too early, too many, and all server errors.
_TRY_AGAIN = frozenset({408, 425, 429})
_LONGEST_PAUSE = 86_400.0
_NOT_AN_ADDRESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
)


@dataclass(frozen=True, slots=True)
class Download:
    """The outcome: the file at `path` as `entry` describes it; `seconds` wall time.

    `fetched_bytes` is what came over the wire, 0 where the source said "not modified".
    """

    dataset: str
    modified: bool
    path: Path
    entry: CacheEntry
    fetched_bytes: int
    seconds: float


class Downloader:
    """Downloads datasets as `settings` say, with `cache` as the memory of what is there."""

    def __init__(
        self,
        settings: Settings,
        cache: CacheManager,
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.settings = settings
        self.cache = cache
        self._pause = pause

    def download(self, dataset: Dataset, *, force: bool = False) -> Download:
        """Return the dataset's newest file; with `force`, fetched whatever the cache says.

        Transient faults are tried `settings.download_tries` times with exponential backoff and
        jitter, and not before a `Retry-After`. Raises `SourceUnavailable`, `DamagedFile`,
        `SourceRefused`, `UnexpectedContent` or `StorageRefused`; the file that was there before
        stays.
        """
        started = time.monotonic()
        known = None if force else self.cache.valid_entry(dataset)
        if known and not same_source(known.url, self.settings.url_of(dataset)):
            known = None  # its date says nothing about a file of another source
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TransientError),
            stop=tenacity.stop_after_attempt(self.settings.download_tries),
            wait=self._wait,
            sleep=self._pause,
            before_sleep=_log_retry,
            reraise=True,
        )
        entry, fetched = retrying(self._try_once, dataset, known)
        return Download(
            dataset=dataset.name,
            modified=fetched is not None,
            path=self.cache.path_of(dataset),
            entry=entry,
            fetched_bytes=fetched or 0,
            seconds=time.monotonic() - started,
        )

    def present(self, dataset: Dataset) -> CacheEntry:
        """Return the entry of a file that is here and whole, fetching it where it is not.

        For a worker whose disk is not the one that the download task wrote to.
        """
        return self.cache.valid_entry(dataset) or self.download(dataset).entry

    def _wait(self, state: tenacity.RetryCallState) -> float:
        start, limit = self.settings.backoff_start, self.settings.backoff_limit
        growing = tenacity.wait_exponential(multiplier=start, max=limit)
        backoff = (growing + tenacity.wait_random(0, start))(state)
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, TransientError) else None
        return max(backoff, asked or 0.0)

    def _try_once(
        self, dataset: Dataset, known: CacheEntry | None
    ) -> tuple[CacheEntry, int | None]:
        """One request; the second value is None for "not modified", else the bytes that came."""
        url = self.settings.url_of(dataset)
        part = PartFile(self.cache.path_of(dataset))
        resume = part.resumable()
        with self._answer(url, _request_headers(known, resume, part.size)) as answer:
            if answer.status_code == 416:
                part.discard()
            _raise_for_status(url, answer)
            if answer.status_code != 304:
                fetched = self._receive(answer, url, part, resume)
                return self._accept(dataset, url, part), fetched
        part.discard()
        if known is None:
            raise SourceUnavailable(
                f"{url}: answered 304 (not modified) to a request without validators."
            )
        if self.cache.path_of(dataset).exists():
            return known, None
        log.warning("%s: not modified, but the file is gone; asking for all of it", url)
        return self._try_once(dataset, None)

    @contextmanager
    def _answer(self, url: str, headers: dict[str, str]) -> Iterator[requests.Response]:
        try:
            with requests.get(
                url,
                headers=headers,
                stream=True,
                allow_redirects=False,
                timeout=(self.settings.connect_timeout, self.settings.read_timeout),
            ) as answer:
                yield answer
        except _NOT_AN_ADDRESS as error:
            raise SourceRefused(
                f"{url}: not an address to fetch from; set IMDB_BASE_URL to http(s)://host/path."
            ) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise SourceUnavailable(
                f"{url}: the connection failed: {_reason(error)}. What arrived is kept for the "
                "next try."
            ) from error

    def _receive(
        self,
        answer: requests.Response,
        url: str,
        part: PartFile,
        resume: Validators | None,
    ) -> int:
        """Write the body to the part file; return the bytes that came."""
        validators = Validators(answer.headers.get("ETag"), answer.headers.get("Last-Modified"))
        before = part.size
        if answer.status_code == 206 and resume is not None:
            _check_range(url, answer, before, validators, resume, part)
            log.info("%s: goes on at byte %s", url, f"{before:,}")
        else:
            part.begin(validators)
            before = 0
        try:
            self._check_size(url, before + _bytes_promised(answer))
            part.append(self._checked(answer.raw.stream(CHUNK, decode_content=False), url, before))
        except UnexpectedContent:
            part.discard()
            raise
        return part.size - before

    def _checked(self, chunks: Iterable[bytes], url: str, have: int) -> Iterator[bytes]:
        """The chunks; raises `UnexpectedContent` before the one that makes it too much."""
        for chunk in chunks:
            have += len(chunk)
            self._check_size(url, have)
            yield chunk

    def _check_size(self, url: str, size: int) -> None:
        if size > self.settings.max_bytes:
            raise UnexpectedContent(
                f"{url}: has {size:,} bytes or more, and {self.settings.max_bytes:,} are allowed; "
                "the rest was not fetched. If the file is right, raise IMDB_MAX_BYTES. The file "
                "that was there before, if any, is kept."
            )

    def _accept(self, dataset: Dataset, url: str, part: PartFile) -> CacheEntry:
        """Check the part to its last byte and put it in place; a bad one is thrown away."""
        validators = part.validators() or Validators(None, None)
        try:
            facts = inspect(part.path, dataset, self.settings)
        except (DamagedFile, PermanentError) as error:
            part.discard()
            kept = " The file that was there before is kept." if part.target.exists() else ""
            raise type(error)(f"{url}: {error}{kept}") from error
        part.finish()
        entry = CacheEntry(
            etag=validators.etag,
            last_modified=validators.last_modified,
            sha256=facts.sha256,
            bytes=facts.bytes,
            rows=facts.rows,
            file=dataset.file_name,
            url=url,
        )
        self.cache.remember(dataset, entry)
        return entry


def _request_headers(
    known: CacheEntry | None, resume: Validators | None, have: int
) -> dict[str, str]:
    headers = {
        "Accept-Encoding": "identity",
        "User-Agent": "film-television-warehouse/0.1 (python-requests)",
    }
    if known and known.etag:
        headers["If-None-Match"] = known.etag
    if known and known.last_modified:
        headers["If-Modified-Since"] = known.last_modified
    if resume and resume.for_if_range:
        headers["Range"] = f"bytes={have}-"
        headers["If-Range"] = resume.for_if_range
    return headers


def _bytes_promised(answer: requests.Response) -> int:
    """The length that the answer gives itself; 0 where it does not, or not in digits."""
    length = answer.headers.get("Content-Length", "")
    return int(length) if length.isascii() and length.isdecimal() else 0


def _raise_for_status(url: str, answer: requests.Response) -> None:
    status = answer.status_code
    if status in {200, 206, 304}:
        return
    found = f"{url}: answered {status} {answer.reason or ''}".rstrip()
    if status in _TRY_AGAIN or status >= 500:
        raise SourceUnavailable(
            f"{found}.", retry_after=_seconds(answer.headers.get("Retry-After"))
        )
    if status == 416:
        raise SourceUnavailable(f"{found}: what was fetched before does not fit; starting over.")
    if 300 <= status < 400:
        raise SourceRefused(
            f"{found} to {answer.headers.get('Location', 'nowhere')}; redirects are not followed. "
            "Set IMDB_BASE_URL to where the files are."
        )
    raise SourceRefused(f"{found}. Check IMDB_BASE_URL and that the source still has the file.")


def _check_range(
    url: str,
    answer: requests.Response,
    have: int,
    found: Validators,
    wanted: Validators,
    part: PartFile,
) -> None:
    content_range = answer.headers.get("Content-Range", "")
    # A 206 to an If-Range need not repeat the validator (RFC 9110, section 15.3.7).
    same_version = found.for_if_range in {None, wanted.for_if_range}
    if content_range.startswith(f"bytes {have}-") and same_version:
        return
    part.discard()
    raise SourceUnavailable(
        f"{url}: asked for the rest from byte {have:,}, got {content_range or 'no Content-Range'} "
        f"of version {found.for_if_range}; starting over."
    )


def _seconds(retry_after: str | None) -> float | None:
    """Read `Retry-After`: seconds or a date (RFC 9110, section 10.2.3), at most a day."""
    if retry_after is None:
        return None
    try:
        if retry_after.strip().isdecimal():
            seconds = float(retry_after)
        else:
            seconds = parsedate_to_datetime(retry_after).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, seconds), _LONGEST_PAUSE)


def _reason(error: BaseException) -> str:
    """The innermost reason in few words: libraries wrap theirs several times."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    return f"{type(error).__name__}: {error}"[:300]


def _log_retry(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    pause = state.next_action.sleep if state.next_action else 0.0
    log.warning("try %s failed: %s Again in %.1f s.", state.attempt_number, error, pause)
