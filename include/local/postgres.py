"""The embedded Postgres server: one cluster in one folder, on one loopback port.

It runs on after the command that starts it has ended. `warehouse` makes its databases and roles.
"""

import contextlib
import hashlib
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir

import psutil
import psycopg2
from psycopg2.extensions import connection as Connection

from include.local.layout import (
    LOOPBACK,
    LocalError,
    free_port,
    is_free,
    locked,
    tail,
    write_private,
)
from include.local.programs import Programs, find_programs

SUPERUSER = "postgres"
START_TRIES = 5
GIGABYTE = 1024**3


@dataclass(frozen=True, slots=True)
class Postmaster:
    """The server process of the cluster in `data`, as its `postmaster.pid` records it."""

    data: Path
    pid: int
    port: int

    def is_running(self) -> bool:
        """Return whether it runs; another process may have the recorded number by now."""
        try:
            process = psutil.Process(self.pid)
            return (
                process.status() != psutil.STATUS_ZOMBIE
                and "postgres" in process.name()
                and Path(process.cwd()).resolve() == self.data.resolve()
            )
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            return True


class EmbeddedPostgres:
    """The cluster in `folder`; `password` is the superuser's."""

    def __init__(self, folder: Path, password: str, *, programs: Programs | None = None) -> None:
        self.folder = folder
        self._password = password
        self._programs = programs or find_programs()
        self.data = self._home() / "data"
        self.log = self._home() / "server.log"

    def start(self, port: int | None = None) -> int:
        """Start the server if it does not run; return its port, `port` if that is free.

        Raises LocalError with the end of the server's log.
        """
        with locked(self.folder / "lock"):
            running = self._postmaster()
            if running is None:
                if not (self.data / "PG_VERSION").exists():
                    self._initialize()
                running = self._start(port)
            self._check_password(running.port)
            return running.port

    def stop(self) -> bool:
        """Stop the server and end its sessions; return whether it ran."""
        with locked(self.folder / "lock"):
            if self._postmaster() is None:
                return False
            for mode in ("fast", "immediate"):
                code, said = self._programs.run(
                    "pg_ctl", "-D", self.data, "-w", "-t", "60", "-m", mode, "stop"
                )
                if code == 0 or self._postmaster() is None:
                    return True
            raise LocalError(f"Postgres does not stop: {said.strip()}\n{tail(self.log, 12)}")

    def port(self) -> int | None:
        """Return the port of the running server, None if it does not run."""
        running = self._postmaster()
        return running.port if running else None

    def connect(self, database: str = "postgres") -> Connection:
        """Open a session as the superuser."""
        return psycopg2.connect(
            host=LOOPBACK,
            port=self.port(),
            user=SUPERUSER,
            password=self._password,
            dbname=database,
            connect_timeout=10,
            application_name="local set-up",
        )

    def _home(self) -> Path:
        """Return the folder for the data: ours, or one that the server's account can reach."""
        account = self._programs.account
        self.folder.mkdir(parents=True, exist_ok=True)
        if account.user is None:
            return self.folder
        account.own(self.folder)
        if account.run(["test", "-w", self.folder], timeout=20)[0] == 0:
            return self.folder
        shared = shared_home(self.folder)
        shared.mkdir(mode=0o700, exist_ok=True)
        # Another user could have put a link here, to get the ownership of its target.
        if shared.is_symlink() or shared.stat().st_uid not in (account.user, os.geteuid()):
            raise LocalError(f"{shared} belongs to another user: name another LOCAL_DIR.")
        account.own(shared)
        return shared

    def _initialize(self) -> None:
        if self.data.exists():
            shutil.rmtree(self.data)  # an interrupted initdb
        making = self.data.with_name("data.new")
        shutil.rmtree(making, ignore_errors=True)
        secret = self.data.with_name("superuser.txt")
        write_private(secret, self._password)
        self._programs.account.own(secret)
        locale = (
            ["--locale-provider=builtin", "--locale=C.UTF-8"]
            if self._programs.version >= 17
            else ["--no-locale"]
        )
        # With checksums, the first read of a loaded page writes it to the log, for its hint bits.
        # Before version 18 they are off by default.
        checksums = ["--no-data-checksums"] if self._programs.version >= 18 else []
        try:
            code, said = self._programs.run(
                "initdb", "-D", making, "-U", SUPERUSER, f"--pwfile={secret}",
                "--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions",
                *locale, *checksums,
            )  # fmt: skip
        finally:
            secret.unlink()
        if code != 0:
            raise LocalError(f"initdb failed in {self.folder}:\n{said.strip()}")
        settings = making / "postgresql.auto.conf"
        with settings.open("a") as handle:
            handle.write(
                server_settings(memory_bytes(), shared_memory_bytes(), self._programs.version)
            )
        making.rename(self.data)

    def _start(self, port: int | None) -> Postmaster:
        pid_file = self.data / "postmaster.pid"
        said = ""
        for attempt in range(START_TRIES):
            # Postgres refuses to start if another process has the number of a crashed server.
            # Here it is known that no server of ours runs.
            pid_file.unlink(missing_ok=True)
            if port is None or not is_free(port):
                port = free_port()
            code, said = self._programs.run(
                "pg_ctl", "-D", self.data, "-l", self.log, "-w", "-t", "60",
                "-o", f"-p {port}", "start",
            )  # fmt: skip
            running = self._postmaster()
            if code == 0 and running is not None:
                return running
            # The sessions of a crashed server need a moment to leave its shared memory.
            time.sleep(0.2 * 2**attempt)
        free = shutil.disk_usage(self.folder).free / GIGABYTE
        raise LocalError(
            f"Postgres does not start ({said.strip().splitlines()[-1]}). "
            f"The end of {self.log} ({free:.1f} GB free there):\n{tail(self.log, 12)}"
        )

    def _postmaster(self) -> Postmaster | None:
        recorded = recorded_postmaster(self.data)
        return recorded if recorded and recorded.is_running() else None

    def _check_password(self, port: int) -> None:
        try:
            self.connect().close()
        except psycopg2.OperationalError as error:
            raise LocalError(
                f"The server on port {port} rejects this installation: "
                f"{str(error).strip()}\n{tail(self.log, 12)}"
            ) from error


def shared_home(folder: Path) -> Path:
    """Return the folder for the data if the server's account cannot reach `folder`."""
    name = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
    return Path(gettempdir()) / f"warehouse-{os.geteuid()}-{name}"


def recorded_postmaster(data: Path) -> Postmaster | None:
    """Return the recorded server of the cluster in `data`, running or not; None without one."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        return Postmaster(data, int(lines[0]), int(lines[3]))
    except (OSError, IndexError, ValueError):
        return None


def server_settings(memory: int, shared_memory: int | None, version: int) -> str:
    """Return the settings for bulk loads; the arguments are sizes in bytes.

    `memory` is the machine's, `shared_memory` that of /dev/shm, None without one. `version` is the
    major version of Postgres.
    """
    megabyte = 1024**2
    buffers = max(128, min(1024, memory // megabyte // 8))
    maintenance = max(64, min(512, memory // megabyte // 16))
    work = max(16, min(256, memory // megabyte // 128))
    lines = {
        "listen_addresses": f"'{LOOPBACK}'",
        "unix_socket_directories": "''",
        "password_encryption": "'scram-sha-256'",
        # The passwords are long and random. More rounds cost 8 ms of CPU per connection, and a dbt
        # build opens hundreds.
        **({"scram_iterations": "1"} if version >= 16 else {}),
        "max_connections": "100",
        "shared_buffers": f"'{buffers}MB'",
        "effective_cache_size": f"'{max(256, memory // megabyte // 2)}MB'",
        "maintenance_work_mem": f"'{maintenance}MB'",
        "work_mem": f"'{work}MB'",
        # No replica and no archive: tables and indexes made in one transaction skip the WAL.
        "wal_level": "'minimal'",
        "max_wal_senders": "0",
        "max_wal_size": "'4GB'",
        "checkpoint_timeout": "'15min'",
        "checkpoint_completion_target": "0.9",
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
        "log_line_prefix": "'%m [%p] %q%u@%d %a '",
        "log_checkpoints": "off",
    }
    if shared_memory is not None and shared_memory < GIGABYTE:
        # Containers have 64 MB, less than one parallel hash join needs.
        lines["dynamic_shared_memory_type"] = "'mmap'"
    return "".join(f"{name} = {value}\n" for name, value in lines.items())


def memory_bytes() -> int:
    """Return the memory in bytes: the machine's, or the container's limit if that is less."""
    total = int(psutil.virtual_memory().total)
    with contextlib.suppress(OSError, ValueError):
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return total


def shared_memory_bytes() -> int | None:
    """Return the size of /dev/shm in bytes, None if there is none."""
    try:
        return shutil.disk_usage("/dev/shm").total  # noqa: S108 - its size only
    except OSError:
        return None
