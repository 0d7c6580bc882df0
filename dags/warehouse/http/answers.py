"""What a server's answer means: its status, its range, when to try again (RFC 9110)."""

import time
from email.utils import parsedate_to_datetime

import requests

from warehouse.errors import SourceRefused, SourceUnavailable
from warehouse.http.part_file import PartFile, Validators

# Worth another try (RFC 9110, section 15): timeout, too early, too many, and all server errors.
_TRY_AGAIN = frozenset({408, 425, 429})
_LONGEST_PAUSE = 100 * 365 * 86_400.0


def raise_for_status(url: str, answer: requests.Response, *, settings_prefix: str) -> None:
    """Raise `SourceUnavailable` or `SourceRefused` for all but 200, 206 and 304."""
    base_url_setting = f"{settings_prefix}BASE_URL"
    status = answer.status_code
    if status in {200, 206, 304}:
        return
    found = f"{url}: answered {status} {answer.reason or ''}".rstrip()
    pause = retry_after(answer.headers.get("Retry-After"))
    if status == 202:
        raise SourceUnavailable(
            f"{found} and no file: a page that wants to know whether a person asks, or a file that "
            "is not ready yet. If it does not pass, let the requests name a person whom the source "
            f"can ask: {settings_prefix}USER_AGENT.",
            retry_after=pause,
        )
    if status in _TRY_AGAIN or status >= 500:
        raise SourceUnavailable(f"{found}.", retry_after=pause)
    if status == 416:
        raise SourceUnavailable(f"{found}: what was fetched before does not fit; starting over.")
    if 300 <= status < 400:
        raise SourceRefused(
            f"{found} to {answer.headers.get('Location', 'nowhere')}; redirects are not followed. "
            f"Set {base_url_setting} to where the files are."
        )
    raise SourceRefused(
        f"{found}. Check {base_url_setting} and that the source still has the file."
    )


def check_range(
    url: str, answer: requests.Response, part: PartFile, found: Validators, wanted: Validators
) -> None:
    """Raise `SourceUnavailable` where the rest that came is not that of `part`; discard it then."""
    content_range = answer.headers.get("Content-Range", "")
    # A 206 to an If-Range need not repeat the validator (RFC 9110, section 15.3.7).
    same_version = found.for_if_range in {None, wanted.for_if_range}
    have = part.size
    if content_range.startswith(f"bytes {have}-") and same_version:
        return
    part.discard()
    raise SourceUnavailable(
        f"{url}: asked for the rest from byte {have:,}, got {content_range or 'no Content-Range'} "
        f"of version {found.for_if_range}; starting over."
    )


def bytes_promised(answer: requests.Response) -> int:
    """Return the length that the answer gives itself; 0 where it does not, or not in digits."""
    length = answer.headers.get("Content-Length", "")
    return int(length) if length.isascii() and length.isdecimal() else 0


def retry_after(header: str | None) -> float | None:
    """Read `Retry-After`: seconds or a date (RFC 9110, section 10.2.3), at most 100 years."""
    if header is None:
        return None
    try:
        if header.strip().isdecimal():
            seconds = float(header)
        else:
            seconds = parsedate_to_datetime(header).timestamp() - time.time()
    except (ValueError, OverflowError):
        return None
    return max(0.0, seconds) if seconds < _LONGEST_PAUSE else None
