"""Where an installation keeps its files, secrets and ports.

Everything is in one folder (`LOCAL_DIR`, else `.local`). Removing the folder removes the
installation, and two folders are two installations.
"""

import contextlib
import fcntl
import json
import os
import secrets
import socket
import subprocess
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
LOOPBACK = "127.0.0.1"
# Everything that an installation has in its folder, but its backups. The marker says that the
# folder is one. It is removed last, so that a removal that was interrupted can be repeated.
MARKER = ".warehouse-installation"
OWNED = ("airflow", "bench", "data", "dbt", "docs", "logs", "pids", "postgres", "sample",
         "ports.json", "ports.lock", "secrets.json", "secrets.lock", "source.json", "up.json",
         "warehouse.env", "warehouse.lock", "work.lock", MARKER)  # fmt: skip


class LocalError(Exception):
    """A problem that the user can solve. The message says what and how; no traceback is shown."""


@dataclass
class Layout:
    """The folders and files of the installation in `root`."""

    root: Path

    def __post_init__(self) -> None:
        """Name the folders and files."""
        self.airflow = self.root / "airflow"  # AIRFLOW_HOME
        self.backups = self.root / "backups"  # what make backup wrote
        self.data = self.root / "data"  # downloaded files
        self.dbt = self.root / "dbt"  # manifest and partial parse
        self.docs = self.root / "docs"  # the dbt docs site
        self.logs = self.root / "logs"  # one log per run and per service
        self.pids = self.root / "pids"  # one file per background process
        self.postgres = self.root / "postgres"  # the embedded server: its data, its log
        self.sample = self.root / "sample"  # one folder per generated sample
        self.secrets = self.root / "secrets.json"
        self.warehouse_env = self.root / "warehouse.env"  # WAREHOUSE_URL, ANALYST_URL

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> "Layout":
        """Return the installation that LOCAL_DIR names, else `.local` of the repository.

        Raises LocalError where the folder contains something else.
        """
        name = environment.get("LOCAL_DIR", "").strip()
        layout = cls(Path(name).expanduser().resolve() if name else REPOSITORY / ".local")
        layout.require_own()
        return layout

    def shown(self, path: Path) -> str:
        """Return `path` relative to the current folder where it is below it."""
        return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)

    def require_own(self) -> None:
        """Raise LocalError where the folder contains files that are not an installation's."""
        shared = REPOSITORY.is_relative_to(self.root) or self.root == Path.home().resolve()
        if not shared and (self.is_installation() or not self.root.exists()):
            return
        if shared or not self.root.is_dir() or any(self.root.iterdir()):
            raise LocalError(
                f"LOCAL_DIR={self.root} contains files that are no installation of this project. "
                "Name an empty folder or a new one."
            )

    def is_installation(self) -> bool:
        """Return whether the marker is here, or our secrets (older installations have these)."""
        return (self.root / MARKER).exists() or Secrets.read(self) is not None

    def make(self) -> None:
        """Make the folders. Raises LocalError where that is not permitted."""
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
        """Return the secrets; the first call makes them, readable only by their owner."""
        if not layout.secrets.exists():
            with locked(layout.root / "secrets.lock"):
                if not layout.secrets.exists():  # another command may have made them meanwhile
                    write_private(layout.secrets, json.dumps(asdict(cls._made()), indent=2))
        found = cls.read(layout)
        if found is None:
            raise LocalError(
                f"{layout.secrets} is not readable or incomplete: restore it from a copy, or "
                "remove the installation with make clean."
            )
        return found

    @classmethod
    def read(cls, layout: Layout) -> "Secrets | None":
        """Return the secrets, None where there are none of ours."""
        try:
            return cls(**read_json(layout.secrets))
        except TypeError:
            return None

    @classmethod
    def _made(cls) -> "Secrets":
        fernet = urlsafe_b64encode(secrets.token_bytes(32)).decode()
        passwords = {name: secrets.token_urlsafe(24) for name in cls.__slots__}
        return cls(**passwords | {"jwt": secrets.token_urlsafe(64), "fernet": fernet})


class Ports:
    """The ports of one installation by name. A port is used again while it is free."""

    def __init__(self, layout: Layout) -> None:
        self._path = layout.root / "ports.json"

    def remembered(self, name: str) -> int | None:
        """Return the port that `name` had last."""
        return self._all().get(name)

    def remember(self, name: str, port: int) -> int:
        """Keep `port` for `name`; return it."""
        if port != self.remembered(name):
            with locked(self._path.with_suffix(".lock")):
                write_private(self._path, json.dumps(self._all() | {name: port}))
        return port

    def free(self, name: str) -> int:
        """Return a free port for `name`, the last one if possible, and remember it."""
        return self.remember(name, self.spare(name))

    def spare(self, name: str) -> int:
        """Return a free port for `name`, the last one if possible; remember nothing."""
        port = self.remembered(name)
        return port if port is not None and is_free(port) else free_port()

    def _all(self) -> dict[str, int]:
        found: dict[str, int] = read_json(self._path)
        return found


def free_port() -> int:
    """Return a free port of the loopback interface."""
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


def run_logged(
    command: Sequence[str], log: Path, what: str, env: Mapping[str, str], cwd: Path = REPOSITORY
) -> None:
    """Run a command to its end, its output in `log`. Raises LocalError with the end of that."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        done = subprocess.run(
            command,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode != 0:
        raise LocalError(f"{what} failed; the end of {log}:\n{tail(log)}")


def tail(log: Path, count: int = 20) -> str:
    """Return the last lines of a log, indented."""
    try:
        lines = log.read_text("utf-8", "replace").rstrip().splitlines()[-count:]
    except OSError:
        return f"    (no log at {log})"
    return "\n".join(f"    {line[:300]}" for line in lines)


def read_text(path: Path) -> str | None:
    """Return the text of a file, None where there is none that can be read."""
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError):
        return None


def read_json(path: Path) -> dict[str, Any]:
    """Return the object in a JSON file, empty where there is none."""
    with contextlib.suppress(ValueError):
        found = json.loads(read_text(path) or "{}")
        return found if isinstance(found, dict) else {}
    return {}


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read; readers see the old or the new content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(text)
    fresh.replace(path)


@contextmanager
def locked(path: Path, *, busy: str | None = None) -> Iterator[None]:
    """Hold the lock file `path` for a block; the lock ends with the process.

    Waits for another holder. With `busy`, raises LocalError with this text and the holder's
    process number instead.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (fcntl.LOCK_NB if busy else 0))
        except BlockingIOError:
            handle.seek(0)
            raise LocalError(f"{busy} (process {handle.read() or 'unknown'})") from None
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield
