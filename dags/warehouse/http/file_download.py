"""One conditional, resumable, verified download.

`FileDownloader.fetch` asks a server whether a file changed, fetches it where it did, and puts it in
place only after it was read to the end and found whole. If anything goes wrong, the file that was
there before stays. What is in the warehouse is not its business.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests
import tenacity
import urllib3

from warehouse.errors import (
    DamagedFile,
    PermanentError,
    SourceRefused,
    SourceUnavailable,
    TransientError,
    UnexpectedContent,
)
from warehouse.http.answers import bytes_promised, check_range, raise_for_status
from warehouse.http.cache import CachedFile, CacheEntry, FileCache, FileFacts
from warehouse.http.download_policy import DownloadPolicy
from warehouse.http.part_file import PartFile, Validators

log = logging.getLogger(__name__)

CHUNK = 1 << 20
_NOT_AN_ADDRESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
)


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A dataset's file on a server: `origin` is the name of the place, `check` reads it whole.

    `check` raises `DamagedFile` or `UnexpectedContent` where the file must not replace a good one.
    A fetch that would have to wait beyond `time_limit` seconds is given up.
    """

    dataset: CachedFile
    url: str
    origin: str
    check: Callable[[Path], FileFacts]
    time_limit: float = 86_400.0


@dataclass(frozen=True, slots=True)
class Download:
    """The outcome: the file at `path` as `entry` describes it; `seconds` wall time.

    `fetched_bytes` is what came over the wire, 0 where the server said "not modified".
    """

    dataset: str
    modified: bool
    path: Path
    entry: CacheEntry
    fetched_bytes: int
    seconds: float


class FileDownloader:
    """Downloads files as `policy` says, with `cache` as the memory of what is there."""

    def __init__(
        self,
        policy: DownloadPolicy,
        cache: FileCache,
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.policy = policy
        self.cache = cache
        self._pause = pause

    def fetch(self, file: RemoteFile, *, force: bool = False) -> Download:
        """Return the newest file; with `force`, fetched whatever the cache says.

        Transient faults are tried `policy.tries` times with exponential backoff and jitter, and not
        before a `Retry-After`; one beyond the file's `time_limit` is refused at once. Raises
        `SourceUnavailable`, `DamagedFile`, `SourceRefused`, `UnexpectedContent` or
        `StorageRefused`; the file that was there before stays.
        """
        started = time.monotonic()
        known = None if force else self.cache.valid_entry(file.dataset)
        if known and known.origin != file.origin:
            log.warning(
                "%s: the file here is from %s and is replaced by the one of %s",
                file.dataset.name, known.origin, file.origin,
            )  # fmt: skip
            known = None  # its date says nothing about a file of another origin
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(TransientError),
            stop=tenacity.stop_after_attempt(self.policy.tries),
            wait=self._wait,
            sleep=self._pause,
            before_sleep=_log_retry,
            reraise=True,
        )
        entry, fetched = retrying(self._try_in_time, file, known, started)
        return Download(
            dataset=file.dataset.name,
            modified=fetched is not None,
            path=self.cache.path_of(file.dataset),
            entry=entry,
            fetched_bytes=fetched or 0,
            seconds=time.monotonic() - started,
        )

    def _wait(self, state: tenacity.RetryCallState) -> float:
        start, limit = self.policy.backoff_start, self.policy.backoff_limit
        growing = tenacity.wait_exponential(multiplier=start, max=limit)
        backoff = (growing + tenacity.wait_random(0, start))(state)
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, TransientError) else None
        return max(backoff, asked or 0.0)

    def _try_in_time(
        self, file: RemoteFile, known: CacheEntry | None, started: float
    ) -> tuple[CacheEntry, int | None]:
        """As `_try_once`; raises `SourceRefused` where the next try would come too late."""
        try:
            return self._try_once(file, known)
        except TransientError as error:
            if started + file.time_limit - time.monotonic() > (error.retry_after or 0.0):
                raise
            asked = datetime.now(UTC) + timedelta(seconds=error.retry_after or 0.0)
            raise SourceRefused(
                f"{error} It asks to try again after {asked:%Y-%m-%d %H:%M:%S} UTC (Retry-After), "
                f"and this download may take {timedelta(seconds=file.time_limit)} in all. Run "
                "again after that time. The file that was there before, if any, is kept."
            ) from error

    def _try_once(
        self, file: RemoteFile, known: CacheEntry | None
    ) -> tuple[CacheEntry, int | None]:
        """One request; the second value is None for "not modified", else the bytes that came."""
        path, prefix = self.cache.path_of(file.dataset), self.policy.settings_prefix
        part = PartFile(path, folder_setting=f"{prefix}DATA_DIR")
        resume = part.resumable()
        headers = {"User-Agent": self.policy.user_agent}
        headers |= _request_headers(known, resume, part.size)
        with self._answer(file.url, headers) as answer:
            if answer.status_code == 416:
                part.discard()
            raise_for_status(file.url, answer, settings_prefix=prefix)
            if answer.status_code != 304:
                fetched = self._receive(answer, file.url, part, resume)
                return self._accept(file, part), fetched
        part.discard()
        if known is None:
            raise SourceUnavailable(
                f"{file.url}: answered 304 (not modified) to a request without validators."
            )
        if path.exists():
            return known, None
        log.warning("%s: not modified, but the file is gone; asking for all of it", file.url)
        return self._try_once(file, None)

    @contextmanager
    def _answer(self, url: str, headers: dict[str, str]) -> Iterator[requests.Response]:
        try:
            with requests.get(
                url,
                headers=headers,
                stream=True,
                allow_redirects=False,
                timeout=(self.policy.connect_timeout, self.policy.read_timeout),
            ) as answer:
                yield answer
        except _NOT_AN_ADDRESS as error:
            raise SourceRefused(
                f"{url}: not an address to fetch from; set {self.policy.settings_prefix}BASE_URL "
                "to http(s)://host/path."
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
            check_range(url, answer, part, validators, resume)
            log.info("%s: continues at byte %s", url, f"{before:,}")
        else:
            part.begin(validators)
            before = 0
        try:
            self._check_size(url, before + bytes_promised(answer))
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
        if size > self.policy.max_bytes:
            raise UnexpectedContent(
                f"{url}: has {size:,} bytes or more, and {self.policy.max_bytes:,} are allowed; "
                f"the rest was not fetched. If the file is right, raise "
                f"{self.policy.settings_prefix}MAX_BYTES. The file that was there before, if any, "
                "is kept."
            )

    def _accept(self, file: RemoteFile, part: PartFile) -> CacheEntry:
        """Check the part to its last byte and put it in place; a bad one is thrown away."""
        validators = part.validators() or Validators(None, None)
        try:
            facts = file.check(part.path)
        except (DamagedFile, PermanentError) as error:
            part.discard()
            kept = " The file that was there before is kept." if part.target.exists() else ""
            raise type(error)(f"{file.url}: {error}{kept}") from error
        part.finish()
        entry = CacheEntry(
            etag=validators.etag,
            last_modified=validators.last_modified,
            sha256=facts.sha256,
            bytes=facts.bytes,
            rows=facts.rows,
            file=file.dataset.file_name,
            url=file.url,
            origin=file.origin,
        )
        self.cache.remember(file.dataset, entry)
        return entry


def _request_headers(
    known: CacheEntry | None, resume: Validators | None, have: int
) -> dict[str, str]:
    headers = {"Accept-Encoding": "identity"}
    if known and known.etag:
        headers["If-None-Match"] = known.etag
    if known and known.last_modified:
        headers["If-Modified-Since"] = known.last_modified
    if resume and resume.for_if_range:
        headers["Range"] = f"bytes={have}-"
        headers["If-Range"] = resume.for_if_range
    return headers


def _reason(error: BaseException) -> str:
    """The innermost reason in few words: libraries wrap theirs several times."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    return f"{type(error).__name__}: {error}"[:300]


def _log_retry(state: tenacity.RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    pause = state.next_action.sleep if state.next_action else 0.0
    log.warning("try %s failed: %s Again in %.1f s.", state.attempt_number, error, pause)
