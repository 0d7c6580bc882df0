"""Make `.venv` from the pinned lock, then run `python -m include.local` in it.

Started by any python3, so nothing beyond the standard library and no syntax newer than Python 3.5:
an old Python gets a sentence, not a SyntaxError. With the environment there, it costs milliseconds.
"""

# ruff: noqa: UP006, UP032, UP035, UP045, RUF005, S606

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, NoReturn, Optional, Tuple

SUPPORTED = ((3, 11), (3, 12), (3, 13))
UV_VERSION = "0.13.8"
REPOSITORY = Path(__file__).resolve().parent.parent.parent
LOCK = Path(__file__).resolve().parent / "requirements.txt"
PROBE = "import sys; print('%d.%d' % sys.version_info[:2])"


class SetupError(Exception):
    """The environment cannot be made; the message says why and what to do."""


def is_supported(version: "tuple[int, ...]") -> bool:
    """Return whether a Python of this version can run the warehouse."""
    return tuple(version[:2]) in SUPPORTED


def wrong_python_message(version: "tuple[int, ...]", executable: str) -> str:
    """Return what a person with no usable Python should read."""
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
    return "{} python{}.{} uv{}".format(
        digest, sys.version_info[0], sys.version_info[1], UV_VERSION
    )


def child_environment() -> Dict[str, str]:
    """Return the environment for installers and everything after them.

    Compiled bytecode halves every start of Airflow, so what forbids writing it is dropped.
    """
    environment = dict(os.environ)
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV"):
        environment.pop(name, None)
    environment["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    environment["UV_COMPILE_BYTECODE"] = "1"
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

    def is_ready(self) -> bool:
        """Return whether it is there and made from this lock with this Python."""
        try:
            return self.python.exists() and self.stamp.read_text("utf-8") == stamp_of(self.lock)
        except OSError:
            return False

    def ensure(self) -> None:
        """Make it where it is not ready; two at once wait for each other. Raises SetupError."""
        if self.is_ready():
            return
        # The folder itself is the lock: a file beside .venv would be one more to explain.
        handle = os.open(str(self.folder.parent), os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if not self.is_ready():
                self._make()
        finally:
            os.close(handle)

    def _make(self) -> None:
        say("environment: installing the pinned packages into {} ...".format(self.folder.name))
        if self.stamp.exists():
            self.stamp.unlink()
        if self.python.exists() and _version_of(str(self.python)) != "{}.{}".format(
            *sys.version_info[:2]
        ):
            shutil.rmtree(str(self.folder))
        uv = self._uv()
        _run(
            [uv, "pip", "sync", "--quiet", "--python", str(self.python), str(self.lock)],
            "installing {}".format(self.lock.name),
        )
        self.stamp.write_text(stamp_of(self.lock), "utf-8")

    def _uv(self) -> str:
        """Return a uv that works on the environment, whose Python is there afterwards."""
        own = self.folder / "uv" / "bin" / "uv"
        if self.python.exists() and own.exists():
            return str(own)
        on_path = shutil.which("uv")
        pip = self._make_venv(on_path)
        if pip is None:
            return str(on_path)
        command = pip + ["install", "--quiet", "--target", str(self.folder / "uv")]
        try:
            _run(command + ["uv==" + UV_VERSION], "installing uv")
        except SetupError:
            if on_path is None:
                raise
            return on_path
        return str(own)

    def _make_venv(self, uv: Optional[str]) -> Optional[List[str]]:
        """Make the virtual environment; return the pip command for it, or None with uv's own."""
        whole = [sys.executable, "-m", "venv", str(self.folder)]
        if _works(whole):
            return [str(self.python), "-m", "pip"]
        # Debian and Ubuntu split ensurepip off: without it, a pip of the machine does as well.
        bare = [sys.executable, "-m", "venv", "--without-pip", "--clear", str(self.folder)]
        pip = [sys.executable, "-m", "pip"]
        if _works(pip + ["--version"]) and _works(bare):
            return pip + ["--python", str(self.python)]
        if uv and _works([uv, "venv", "--clear", "--python", sys.executable, str(self.folder)]):
            return None
        raise SetupError(
            "{} cannot make a virtual environment: it has neither venv with ensurepip nor pip, "
            "and there is no uv on PATH.\nOn Debian or Ubuntu: apt install python3-venv; "
            "elsewhere install pip or uv.".format(sys.executable)
        )


def _works(command: List[str]) -> bool:
    quiet = subprocess.DEVNULL
    try:
        done = subprocess.call(command, env=child_environment(), stdout=quiet, stderr=quiet)
    except OSError:
        return False
    return done == 0


def _run(command: List[str], what: str) -> None:
    environment = child_environment()
    code, output = _output(command, environment)
    if code != 0 and "peer certificate" in output and "UV_SYSTEM_CERTS" not in environment:
        # Behind a proxy with a certificate of its own, which this machine knows and uv does not.
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
    lowered = output.lower()
    tail = "\n".join("    " + line for line in output.strip().splitlines()[-12:])
    network = ("dns error", "name resolution", "connection refused", "failed to connect",
               "network is unreachable", "timed out", "tunnel", "failed to establish",
               "error sending request", "no matching distribution")  # fmt: skip
    if "certificate" in lowered:
        advice = "A certificate is not trusted: set SSL_CERT_FILE and PIP_CERT to your bundle."
    elif any(sign in lowered for sign in network):
        advice = (
            "The package index cannot be reached. Check the network, HTTPS_PROXY, or the index "
            "that PIP_INDEX_URL and UV_DEFAULT_INDEX name."
        )
    elif "no space left" in lowered:
        advice = "The disk is full: the environment needs about 1 GB."
    else:
        advice = "Remove .venv and try again; if it stays, the lines above say why."
    return "{} failed:\n{}\n{}".format(what, tail, advice)


def say(text: str) -> None:
    """Print one line at once, also into a pipe."""
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
        environment.ensure()
    except SetupError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit("stopped; run it again to go on with the set-up")
    if not arguments:
        sys.exit(0)
    os.chdir(str(REPOSITORY))
    python = str(environment.python)
    os.execve(python, [python, "-m", "include.local"] + arguments, child_environment())


if __name__ == "__main__":
    main(sys.argv[1:])
