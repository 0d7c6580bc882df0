"""Make `.venv` from the pinned lock, then run `python -m include.local` in it.

Any python3 can start it: it uses only the standard library and the syntax of Python 3.5, so that an
old Python prints a sentence, not a SyntaxError. With the environment ready, it takes milliseconds.
"""

# ruff: noqa: UP006, UP032, UP035, UP045, RUF005, S606

import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Mapping, NoReturn, Optional, Tuple

SUPPORTED = ((3, 11), (3, 12), (3, 13))
UV_VERSION = "0.13.8"
REPOSITORY = Path(__file__).resolve().parent.parent.parent
LOCK = Path(__file__).resolve().parent / "requirements.txt"
LOOPBACK_NAMES = ["localhost", "127.0.0.1", "::1"]
NEEDED = "import click, psutil, psycopg2, requests"
PROBE = "import sys; print('%d.%d' % sys.version_info[:2])"
# What an installer prints for a cause, and what to do about it.
NETWORK = (
    "dns error|name resolution|connection refused|failed to connect|network is unreachable|"
    "timed out|tunnel|failed to establish|error sending request|no matching distribution"
)
UNREACHABLE = (
    "The package index cannot be reached. Check the network, HTTPS_PROXY, or the index that "
    "PIP_INDEX_URL and UV_DEFAULT_INDEX name."
)
ADVICE = (
    ("certificate", "A certificate is not trusted: set SSL_CERT_FILE and PIP_CERT to your bundle."),
    ("no space left", "The disk is full: the environment needs about 1 GB."),
    (NETWORK, UNREACHABLE),
    ("", "Remove .venv and try again; if that does not help, the lines above say why."),
)


class SetupError(Exception):
    """The environment cannot be made; the message says why and what to do."""


def is_supported(version: "tuple[int, ...]") -> bool:
    """Return whether a Python of this version can run the warehouse."""
    return tuple(version[:2]) in SUPPORTED


def wrong_python_message(version: "tuple[int, ...]", executable: str) -> str:
    """Return the message for a user without a supported Python."""
    return (
        "The warehouse needs Python 3.11, 3.12 or 3.13, found {} at {}, and no other on PATH.\n"
        "Install one of them, or name one: make run PYTHON=/path/to/python3.12"
    ).format(".".join(str(part) for part in version[:3]), executable)


def find_python(path: Optional[str] = None) -> Optional[str]:
    """Return a supported Python on PATH that really runs (a version manager's shim may not)."""
    for major, minor in reversed(SUPPORTED):
        found = shutil.which("python{}.{}".format(major, minor), path=path)
        if found and _version_of(found) == "{}.{}".format(major, minor):
            return found
    return None


def _version_of(python: str) -> Optional[str]:
    try:
        out = subprocess.check_output([python, "-c", PROBE], stderr=subprocess.DEVNULL, timeout=60)
    except (OSError, subprocess.SubprocessError):
        return None
    return out.decode("ascii", "replace").strip()


def stamp_of(lock: Path) -> str:
    """Return what the environment is made from: the lock's hash, Python's version, uv's."""
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    return "{} python{}.{} uv{}".format(digest, *sys.version_info[:2], UV_VERSION)


def own_environment(environment: Mapping[str, str]) -> Dict[str, str]:
    """Return `environment` without what the user's shell has for other programs.

    PG* is for other servers than ours. No request to this machine goes to a proxy, whichever of
    the two spellings a library reads. Airflow needs a user name, also for a user without one.
    """
    kept = {name: value for name, value in environment.items() if not name.startswith("PG")}
    direct = ",".join([kept.get("NO_PROXY", ""), kept.get("no_proxy", "")]).split(",")
    names = [name.strip() for name in direct if name.strip()]
    missing = [name for name in LOOPBACK_NAMES if name not in names]
    kept["NO_PROXY"] = kept["no_proxy"] = "*" if "*" in names else ",".join(names + missing)
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        kept.setdefault("LOGNAME", str(os.getuid()))
        kept.setdefault("HOME", "/")
    return kept


def child_environment() -> Dict[str, str]:
    """Return the environment for installers and everything after them.

    Bytecode halves every later start of Airflow, so the variable that forbids it is dropped. It is
    not compiled in advance: a run imports a third of the installed files.
    """
    environment = own_environment(os.environ)
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV"):
        environment.pop(name, None)
    environment["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    environment["UV_NO_PROGRESS"] = "1"
    home = environment.get("HOME", "")
    if not home or not os.access(home, os.W_OK):
        environment["UV_NO_CACHE"] = "1"
        environment["PIP_NO_CACHE_DIR"] = "1"
    return environment


class Environment:
    """The virtual environment in `folder`, installed from `lock`."""

    def __init__(self, folder: Path, lock: Path) -> None:
        self.folder = folder
        self.lock = lock
        self.python = folder / "bin" / "python"
        self.stamp = folder / ".stamp"

    def fault(self) -> Optional[str]:
        """Return why it cannot be used: not made, of other packages, or moved; None if it can."""
        try:
            # The stamp of an earlier version has a second line, the folder.
            stamp = self.stamp.read_text("utf-8").split("\n")[0]
        except OSError:
            return "{} was not made, or not to its end".format(self.folder)
        if stamp != stamp_of(self.lock) or not self._has_python():
            return "{} is not of this {} and Python".format(self.folder, self.lock.name)
        places = {str(folder / "bin" / "python") for folder in (self.folder, self.folder.resolve())}
        for script in (self.folder / "bin" / name for name in ("airflow", "dbt")):
            # A long path is in the second line: uv starts such a script with a shell.
            head = script.read_text("utf-8")[:4096] if script.exists() else ""
            if not any(place in head for place in places):
                line = (head.splitlines() or ["nothing"])[0]
                return "{} was moved: {} starts with {}".format(self.folder, script.name, line)
        return None

    def _has_python(self) -> bool:
        """Return whether there is a Python that this user may start."""
        return os.access(str(self.python), os.X_OK)

    def is_ready(self) -> bool:
        """Return whether it was made here, from this lock with this Python."""
        return self.fault() is None

    def ensure(self) -> None:
        """Make it if it is not ready; two commands wait for each other. Raises SetupError."""
        if self.is_ready():
            return
        # The lock is the folder above: a lock file beside .venv would be one more to explain.
        handle = os.open(str(self.folder.parent), os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if not self.is_ready():
                self._make()
        finally:
            os.close(handle)

    def _make(self) -> None:
        say("environment: installing the pinned packages into {} ...".format(self.folder.name))
        moved = "was moved" in str(self.fault())
        if self.stamp.exists():
            self.stamp.unlink()
        version = "{}.{}".format(*sys.version_info[:2])
        if self._has_python() and (moved or _version_of(str(self.python)) != version):
            shutil.rmtree(str(self.folder.resolve()))
        uv = self._uv()
        _run(
            [uv, "pip", "sync", "--quiet", "--python", str(self.python), str(self.lock)],
            "installing {}".format(self.lock.name),
        )
        self.stamp.write_text(stamp_of(self.lock), "utf-8")

    def _uv(self) -> str:
        """Return a uv that works on the environment, whose Python exists afterwards."""
        own = self.folder / "uv" / "bin" / "uv"
        if self._has_python() and own.exists():
            return str(own)
        on_path = shutil.which("uv")
        pip = self._make_venv(on_path)
        if pip is not None:
            install = ["install", "--quiet", "--target", str(self.folder / "uv")]
            try:
                _run(pip + install + ["uv==" + UV_VERSION], "installing uv")
                return str(own)
            except SetupError:
                if on_path is None:
                    raise
        return str(on_path)

    def _make_venv(self, uv: Optional[str]) -> Optional[List[str]]:
        """Make the virtual environment; return a pip command, or None where uv made it."""
        venv = [sys.executable, "-m", "venv", "--clear", str(self.folder)]
        pip = [sys.executable, "-m", "pip"]
        # A pip of its own takes seconds to install; the pip of the machine installs uv as well.
        if _works(pip + ["--version"]) and _works(venv + ["--without-pip"]):
            return pip
        if _works(venv):
            return [str(self.python), "-m", "pip"]
        if uv and _works([uv, "venv", "--clear", "--python", sys.executable, str(self.folder)]):
            return None
        raise SetupError(
            "{} cannot make a virtual environment: it has neither venv with ensurepip nor pip, "
            "and there is no uv on PATH.\nOn Debian or Ubuntu: apt install python3-venv; "
            "elsewhere install pip or uv.".format(sys.executable)
        )


def _works(command: List[str]) -> bool:
    try:
        return _output(command, child_environment())[0] == 0
    except OSError:
        return False


def _run(command: List[str], what: str) -> None:
    environment = child_environment()
    code, output = _output(command, environment)
    if code != 0 and "peer certificate" in output and "UV_SYSTEM_CERTS" not in environment:
        # A proxy with its own certificate, which the machine trusts and uv does not know.
        code, output = _output(command, dict(environment, UV_SYSTEM_CERTS="1"))
    if code != 0:
        raise SetupError(failure_message(what, output))


def _output(command: List[str], environment: Dict[str, str]) -> Tuple[int, str]:
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    return done.returncode, done.stdout.decode("utf-8", "replace")


def failure_message(what: str, output: str) -> str:
    """Return why an installer failed, with advice where its output shows the cause."""
    tail = "\n".join("    " + line for line in output.strip().splitlines()[-12:])
    advice = next(text for signs, text in ADVICE
                  if any(sign in output.lower() for sign in signs.split("|")))  # fmt: skip
    return "{} failed:\n{}\n{}".format(what, tail, advice)


def say(text: str) -> None:
    """Print a line without delay, also into a pipe."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main(arguments: List[str]) -> NoReturn:
    """Make the environment, then become `python -m include.local` with the same arguments."""
    running = tuple(sys.version_info[:3])
    if not is_supported(running):
        other = find_python()
        if other is None:
            sys.exit(wrong_python_message(running, sys.executable))
        os.execv(other, [other, str(Path(__file__).resolve())] + arguments)
    environment = Environment(REPOSITORY / ".venv", LOCK)
    try:
        # The doctor reports a broken environment and does not repair it.
        if arguments != ["doctor"] or not _works([str(environment.python), "-c", NEEDED]):
            environment.ensure()
    except SetupError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("stopped; run it again to continue the set-up")
    if not arguments:
        sys.exit(0)
    os.chdir(str(REPOSITORY))
    python = str(environment.python)
    os.execve(python, [python, "-m", "include.local"] + arguments, child_environment())


if __name__ == "__main__":
    main(sys.argv[1:])
