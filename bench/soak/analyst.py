"""An analyst who reads the marts all the while and must not notice that anything goes wrong."""

import threading
import time
from dataclasses import dataclass, field

import psycopg2
from psycopg2.extensions import connection as Connection

from bench.soak.installation import Installation

_QUERIES = (
    "select count(*), sum(num_votes) from mart_top_titles",
    "select count(*), max(total_credits) from mart_person_career",
    "select sum(market_share) from mart_genre_analytics",
    "select count(*), avg(decade_share) from mart_genre_by_decade",
    "select count(*), avg(avg_series_rating) from mart_series_analytics",
    "select count(*) from mart_season_analytics",
    "select count(*) from mart_title_search",
    "select count(*) from mart_rating_history",
    "select count(*) from mart_rating_movers",
)
_PAUSE = 0.2
_GONE = (psycopg2.OperationalError, psycopg2.InterfaceError)


@dataclass
class Readings:
    """What the analyst met: `reads` answered, the slowest in seconds, `errors` in words."""

    reads: int = 0
    slowest: float = 0.0
    errors: list[str] = field(default_factory=list)


class Analyst:
    """Reads in a thread between `start` and `stop`; `away` while the server is known to be."""

    def __init__(self, installation: Installation) -> None:
        self.readings = Readings()
        self.away = threading.Event()
        self._installation = installation
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._read, name="analyst", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def _read(self) -> None:
        session: Connection | None = None
        number = 0
        while not self._over.wait(_PAUSE):
            try:
                if session is None:
                    session = self._connected()
                    self.away.clear()
                began = time.monotonic()
                with session.cursor() as cursor:
                    cursor.execute(_QUERIES[number % len(_QUERIES)])
                    cursor.fetchall()
                self.readings.reads += 1
                self.readings.slowest = max(self.readings.slowest, time.monotonic() - began)
                number += 1
            except (psycopg2.Error, OSError) as error:
                if not (self.away.is_set() and isinstance(error, (*_GONE, OSError))):
                    self.readings.errors.append(f"{type(error).__name__}: {str(error).strip()}")
                if session is not None and session.closed == 0:
                    session.close()
                session = None
        if session is not None:
            session.close()

    def _connected(self) -> Connection:
        session = psycopg2.connect(
            self._installation.analyst_url, connect_timeout=10, application_name="soak analyst"
        )
        session.autocommit = True
        return session
