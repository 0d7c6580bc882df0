"""Alerts: one POST to a webhook, e.g. when a run has failed.

The address is a secret, because anyone who has it can post: it is in no log and in no error. An
error names the scheme and the host.
"""

import logging
import math
import os
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from ipaddress import ip_address
from typing import Any, Protocol
from urllib.parse import SplitResult, urlsplit

import requests

from warehouse.errors import PermanentError
from warehouse.runs.messages import TaskError, one_line

log = logging.getLogger(__name__)

URL_VARIABLE = "WAREHOUSE_ALERT_URL"
TIMEOUT_VARIABLE = "WAREHOUSE_ALERT_TIMEOUT"
_TIMEOUT_SECONDS = 10.0
_TRIES = 2
_SHOWN_IN_TEXT = 5
_LONGEST_IN_TEXT = 300


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """Where to post, and how many seconds each of the two tries may take in all."""

    url: str
    timeout: float = _TIMEOUT_SECONDS

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] = os.environ
    ) -> "AlertSettings | None":
        """Read `WAREHOUSE_ALERT_URL` and `WAREHOUSE_ALERT_TIMEOUT`; None where there is no URL.

        Raises `PermanentError` for an address that is neither https nor http to this machine, and
        for a timeout that is no number of seconds above zero.
        """
        url = environment.get(URL_VARIABLE, "").strip()
        if not url:
            return None
        _check(url)
        text = environment.get(TIMEOUT_VARIABLE, "").strip() or str(_TIMEOUT_SECONDS)
        try:
            timeout = float(text)
        except ValueError:
            timeout = math.nan
        if not (math.isfinite(timeout) and timeout > 0):
            raise PermanentError(
                f"{TIMEOUT_VARIABLE} must be a number of seconds above zero, found {text!r}."
            )
        return cls(url, timeout)

    @property
    def place(self) -> str:
        """Scheme and host: the part of the address that is no secret."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname}"


def _check(url: str) -> None:
    rule = (
        f"{URL_VARIABLE} must be an https address (http only to this machine, 127.0.0.1, ::1 or "
        "localhost)"
    )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise PermanentError(f"{rule}; what is set is no address at all.") from None
    if not parts.hostname or port == 0:
        raise PermanentError(f"{rule}; what is set names no host, or port 0.")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(parts)):
        raise PermanentError(f"{rule}, found {parts.scheme}://{parts.hostname}.")


def _is_loopback(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Postable(Protocol):
    """What can be posted: `subject` says in a log what it is about."""

    @property
    def subject(self) -> str:
        """Return what it is about."""

    def as_json(self) -> dict[str, Any]:
        """Return the body of the POST."""


@dataclass(frozen=True, slots=True)
class Alert:
    """What is posted about a failed run. `published` says whether new marts are live.

    It and `started_at` are None where that is not known.
    """

    dag_id: str
    run_id: str
    failed: Sequence[TaskError]
    published: bool | None
    started_at: datetime | None
    finished_at: datetime

    @property
    def subject(self) -> str:
        """What the alert is about, in a log."""
        return "the failed run"

    @property
    def text(self) -> str:
        """The message in a few sentences, as Slack, Mattermost and Teams show it."""
        shown = [
            f"{error.task}: {one_line(error.message, longest=_LONGEST_IN_TEXT)}"
            for error in self.failed[:_SHOWN_IN_TEXT]
        ]
        if len(self.failed) > _SHOWN_IN_TEXT:
            shown.append(f"and {len(self.failed) - _SHOWN_IN_TEXT} more tasks.")
        marts = {
            True: "New marts were published",
            False: "The marts are as they were",
            None: "Which marts are live says meta.publish_log",
        }[self.published]
        return "\n".join([f"{self.dag_id} failed ({self.run_id}). {marts}.", *shown])

    def as_json(self) -> dict[str, Any]:
        """Return the body of the POST."""
        return {
            "text": self.text,
            "dag_id": self.dag_id,
            "run_id": self.run_id,
            "state": "failed",
            "failed": [asdict(error) for error in self.failed],
            "published": self.published,
            "started_at": self.started_at.isoformat() if self.started_at else None,
            "finished_at": self.finished_at.isoformat(),
        }


def send(settings: AlertSettings, alert: Postable) -> bool:
    """Post the alert; return whether it was taken. Never raises, and never takes long.

    There is a second try where the first can have failed by chance. A server that answers too late
    may get the alert twice, with the same run id. A failure is one warning in the log.
    """
    fault: str | None = None
    for _ in range(_TRIES):
        fault, may_pass = _post_in_time(settings, alert.as_json())
        if fault is None:
            log.info("the alert about %s was sent to %s", alert.subject, settings.place)
            return True
        if not may_pass:
            break
    log.warning(
        "the alert about %s could not be sent to %s: %s. Nothing else depends on it; check %s.",
        alert.subject,
        settings.place,
        fault,
        URL_VARIABLE,
    )
    return False


def _post_in_time(settings: AlertSettings, body: Mapping[str, Any]) -> tuple[str | None, bool]:
    """One try, over after `settings.timeout`; the fault (None: taken), and whether it may pass.

    In a thread, because a timeout of requests bounds neither the look-up of the name nor an answer
    that comes byte by byte.
    """
    outcome: list[tuple[str | None, bool]] = []
    thread = threading.Thread(
        target=lambda: outcome.append(_post(settings, body)), name="alert", daemon=True
    )
    thread.start()
    thread.join(settings.timeout)
    return outcome[0] if outcome else (f"no answer within {settings.timeout:g} s", True)


def _post(settings: AlertSettings, body: Mapping[str, Any]) -> tuple[str | None, bool]:
    try:
        with requests.Session() as session:
            # No proxy is asked for what is on this machine.
            session.trust_env = not _is_loopback(urlsplit(settings.url))
            with session.post(
                settings.url,
                json=body,
                timeout=settings.timeout,
                allow_redirects=False,
                stream=True,
            ) as answer:
                status = answer.status_code
    # Its text is not shown: it quotes the whole address.
    except requests.Timeout:
        return f"no answer within {settings.timeout:g} s", True
    except Exception as error:
        return f"no connection ({type(error).__name__})", isinstance(
            error, requests.ConnectionError
        )
    if 200 <= status < 300:
        return None, False
    redirected = ", and redirects are not followed" if 300 <= status < 400 else ""
    return f"it answered {status}{redirected}", status >= 500 or status == 429
