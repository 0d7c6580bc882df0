"""Where the local run keeps its things, its secrets and its ports.

Everything is under one folder (`LOCAL_DIR`, else `.local`), so that removing it removes the
installation and two folders are two installations.
"""

import fcntl
import json
import os
import secrets
import socket
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"
# Everything that an installation has in its folder. The marker tells that the folder is one, so it
# goes last: a removal that was stopped can be begun again.
MARKER = ".warehouse-installation"
OWNED = ("airflow", "bench", "data", "dbt", "docs", "logs", "pids", "postgres", "sample",
         "ports.json", "ports.lock", "secrets.json", "up.json", "warehouse.env",
         "warehouse.lock", "work.lock", MARKER)  # fmt: skip


class LocalError(Exception):
    """Something a person must see to; the message says what and how, no traceback is needed."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders and files of one installation."""

    root: Path

    @property
    def postgres(self) -> Path:
        """The embedded server: its data, its log."""
        return self.root / "postgres"

    @property
    def airflow(self) -> Path:
        """AIRFLOW_HOME."""
        return self.root / "airflow"

    @property
    def data(self) -> Path:
        """The downloaded files."""
        return self.root / "data"

    @property
    def sample(self) -> Path:
        """One folder per made sample."""
        return self.root / "sample"

    @property
    def dbt(self) -> Path:
        """The dbt manifest and partial parse of this installation."""
        return self.root / "dbt"

    @property
    def docs(self) -> Path:
        """The dbt docs site."""
        return self.root / "docs"

    @property
    def logs(self) -> Path:
        """One log per run and per service."""
        return self.root / "logs"

    @property
    def pids(self) -> Path:
        """One file per process in the background."""
        return self.root / "pids"

    @property
    def warehouse_env(self) -> Path:
        """WAREHOUSE_URL and ANALYST_URL, for the owner only."""
        return self.root / "warehouse.env"

    def shown(self, path: Path) -> str:
        """Return `path` as a person would type it here."""
        try:
            return str(path.relative_to(Path.cwd()))
        except ValueError:
            return str(path)

    def require_own(self) -> None:
        """Raise LocalError where the folder holds other things: they are not ours to mix with."""
        shared = REPOSITORY.is_relative_to(self.root) or self.root == Path.home().resolve()
        if not shared and (self.is_installation() or not self.root.exists()):
            return
        if shared or not self.root.is_dir() or any(self.root.iterdir()):
            raise LocalError(
                f"LOCAL_DIR={self.root} holds something that is no installation of this project. "
                "Name an empty folder, or one that is not there yet."
            )

    def is_installation(self) -> bool:
        """Return whether an installation is here: its marker, or its secrets, which are older."""
        return (self.root / MARKER).exists() or self.has_secrets()

    def has_secrets(self) -> bool:
        """Return whether our secrets are here: other projects have a secrets.json, too."""
        try:
            Secrets(**json.loads((self.root / "secrets.json").read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return False
        return True

    def make(self) -> None:
        """Make the folders; raises LocalError where that is not allowed."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            (self.root / MARKER).touch()
            for folder in (self.logs, self.pids, self.data):
                folder.mkdir(exist_ok=True)
        except OSError as error:
            raise LocalError(
                f"{self.root} cannot be written ({error.strerror}): name another folder with "
                "LOCAL_DIR=<folder>."
            ) from error


@dataclass(frozen=True, slots=True)
class Secrets:
    """The random secrets of one installation."""

    superuser: str
    pipeline: str
    analyst: str
    airflow: str
    jwt: str
    fernet: str

    @classmethod
    def of(cls, layout: Layout) -> "Secrets":
        """Read the secrets, made and kept (for the owner only) the first time."""
        path = layout.root / "secrets.json"
        if not path.exists():
            with locked(layout.root / "secrets.lock"):
                if not path.exists():  # nor made by another thread or command meanwhile
                    write_private(path, json.dumps(asdict(cls._made()), indent=2))
        return cls(**json.loads(path.read_text("utf-8")))

    @classmethod
    def _made(cls) -> "Secrets":
        return cls(
            superuser=secrets.token_urlsafe(24),
            pipeline=secrets.token_urlsafe(24),
            analyst=secrets.token_urlsafe(24),
            airflow=secrets.token_urlsafe(24),
            jwt=secrets.token_urlsafe(64),
            fernet=urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        )


class Ports:
    """The ports of one installation by name, remembered while they stay free."""

    def __init__(self, layout: Layout) -> None:
        self._path = layout.root / "ports.json"

    def remembered(self, name: str) -> int | None:
        """Return the port used last for `name`."""
        try:
            port = json.loads(self._path.read_text("utf-8")).get(name)
        except (FileNotFoundError, ValueError):
            return None
        return int(port) if port else None

    def remember(self, name: str, port: int) -> None:
        """Keep `port` for `name`."""
        with locked(self._path.with_suffix(".lock")):
            try:
                content = json.loads(self._path.read_text("utf-8"))
            except (FileNotFoundError, ValueError):
                content = {}
            write_private(self._path, json.dumps(content | {name: port}))

    def free(self, name: str) -> int:
        """Return the remembered port if nobody has it, else a free one; remembered from now on."""
        port = self.remembered(name)
        if port is None or not is_free(port):
            port = free_port()
            self.remember(name, port)
        return port

    def spare(self, name: str) -> int:
        """Return the remembered port if nobody has it, else a free one; nothing is remembered."""
        port = self.remembered(name)
        return port if port is not None and is_free(port) else free_port()


def free_port() -> int:
    """Return a port of the loopback interface that nobody has."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Return whether a server could listen on `port` of the loopback interface."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(text)
    fresh.replace(path)


@contextmanager
def locked(path: Path, *, busy: str | None = None) -> Iterator[None]:
    """Hold the lock `path`; freed when the holder dies.

    Waits for another holder, or raises LocalError(`busy`) where that is given.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (fcntl.LOCK_NB if busy else 0))
        except BlockingIOError:
            raise LocalError(str(busy)) from None
        yield
