"""What is examined: an installation and its warehouse, looked at without making anything."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from psycopg2.extensions import cursor as Cursor

from include.local.layout import LOOPBACK, Layout, Secrets
from include.local.postgres import Postmaster, recorded_postmaster, shared_home
from warehouse.database.connection import connected


@dataclass(frozen=True, slots=True)
class Place:
    """The installation of `layout`, or with WAREHOUSE_URL in `environment` its half of one.

    `full` allows what takes as long as reading everything: hashes of files, counts of rows.
    """

    layout: Layout
    environment: Mapping[str, str]
    full: bool = False

    def variable(self, name: str) -> str:
        """Return a variable of the environment, empty where it is not set."""
        return self.environment.get(name, "").strip()

    @property
    def embedded(self) -> bool:
        """Whether the warehouse is the embedded one."""
        return not self.variable("WAREHOUSE_URL")

    @property
    def data(self) -> Path | None:
        """The embedded server's data folder; None where none was made."""
        for home in (self.layout.postgres, shared_home(self.layout.postgres)):
            if (home / "data" / "PG_VERSION").exists():
                return home / "data"
        return None

    def recorded_server(self) -> Postmaster | None:
        """Return what the embedded server's pid file says, running or not."""
        return recorded_postmaster(self.data) if self.data else None

    def server(self) -> Postmaster | None:
        """Return the embedded server where it runs."""
        recorded = self.recorded_server()
        return recorded if recorded and recorded.is_running() else None

    def secrets(self) -> Secrets | None:
        """Return the installation's secrets; None where they are not readable."""
        try:
            return Secrets(**json.loads((self.layout.root / "secrets.json").read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def url(self, role: str, database: str = "warehouse") -> str | None:
        """Return how `role` (postgres, pipeline, analyst, airflow) reaches a database.

        None where that is not known. Outside, the owner of everything is not known to us: what
        `pipeline` sees has to do.
        """
        if not self.embedded:
            known = {"pipeline": "WAREHOUSE_URL", "postgres": "WAREHOUSE_URL"}
            return self.variable(known.get(role, f"{role.upper()}_URL")) or None
        server, secrets = self.server(), self.secrets()
        if server is None or secrets is None:
            return None
        word = secrets.superuser if role == "postgres" else getattr(secrets, role)
        return f"postgresql://{role}:{quote(word, safe='')}@{LOOPBACK}:{server.port}/{database}"


@contextmanager
def reading(url: str, *, full: bool = False) -> Iterator[Cursor]:
    """Yield a cursor that cannot write, each statement a transaction of its own.

    It neither waits long for a lock nor, unless `full`, works long. Raises as `connected`.
    """
    with connected(url, purpose="doctor") as session:
        session.set_session(readonly=True, autocommit=True)
        with session.cursor() as cursor:
            cursor.execute("set lock_timeout = '3s'")
            cursor.execute("select set_config('statement_timeout', %s, false)",
                           ("0" if full else "60s",))  # fmt: skip
            yield cursor
