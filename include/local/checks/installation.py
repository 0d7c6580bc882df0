"""The installation's folder: whether it is one, who can read its secrets, its ports."""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from include.local.checks.finding import Finding, fail, ok, problems, warn
from include.local.checks.place import Place
from include.local.checks.processes import family, listeners
from include.local.layout import Layout, is_free
from include.local.services import ui_port

OTHERS = stat.S_IRWXG | stat.S_IRWXO
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def folder(layout: Layout) -> Iterator[Finding]:
    """Whether there is an installation, and whether it can be written."""
    if not layout.is_installation():
        yield ok("installation", f"none in {layout.root} yet: make run makes it")
    elif not os.access(layout.root, os.W_OK | os.X_OK):
        yield fail(
            "installation",
            f"{layout.root} cannot be written by user {os.geteuid()}",
            f"work as user {layout.root.stat().st_uid}, to whom it belongs, or name another "
            "folder with LOCAL_DIR.",
        )
    else:
        yield ok("installation", str(layout.root))


def rights(layout: Layout) -> Iterator[Finding]:
    """Whether the files with passwords are their owner's alone, and nobody can exchange them."""
    yield from problems(_rights(layout), ok("file rights", "passwords are their owner's alone"))


def _rights(layout: Layout) -> Iterator[Finding]:
    secrets = layout.root / "secrets.json"
    for path in (secrets, layout.warehouse_env):
        if path.exists() and path.stat().st_mode & OTHERS:
            yield fail(
                "file rights",
                f"{path} has mode {_mode(path)}: others can read the passwords in it",
                f"chmod 600 '{path}'; if others use this machine: make clean, for new passwords.",
            )
    if layout.root.stat().st_mode & OTHERS_WRITE:
        yield fail(
            "file rights",
            f"{layout.root} has mode {_mode(layout.root)}: others can put files there",
            f"chmod go-w '{layout.root}'",
        )
    if layout.postgres.exists() and not layout.has_secrets():
        yield fail(
            "file rights",
            f"{secrets} is not there or not readable, and the embedded server has its passwords",
            "put it back from a copy. Without one: make clean, make run.",
        )


def ports(place: Place) -> Iterator[Finding]:
    """Whether the ports of last time, and that of the UI, are free or have our servers on them."""
    path = place.layout.root / "ports.json"
    try:
        remembered = json.loads(path.read_text("utf-8"))
        wanted = {str(name): int(port) for name, port in remembered.items()}
    except FileNotFoundError:
        wanted = {}
    except (ValueError, TypeError, AttributeError):
        yield warn("ports", f"{path} is not readable", f"rm '{path}'; new ports will be chosen.")
        wanted = {}
    ui = ui_port({"UP_PORT": place.variable("UP_PORT") or _port_of_up(place.layout)})
    taken = dict(_taken(place, wanted | {"UI": ui}))
    advice = "nothing: another is chosen at the next start, and the URLs have it."
    for name, who in taken.items():
        if name == "UI":
            advice = f"stop that, or choose another: make up UP_PORT={ui + 1}"
        yield warn("ports", f"{wanted.get(name, ui)} ({name}) is taken by {who}", advice)
    if not taken:
        shown = ", ".join(f"{name} {port}" for name, port in sorted(wanted.items()))
        yield ok("ports", f"free or ours: {', '.join(filter(None, [shown, f'UI {ui}']))}")


def _taken(place: Place, wanted: dict[str, int]) -> Iterator[tuple[str, str]]:
    """Yield the ports on which somebody else listens, by name, with who that is."""
    busy = {name: port for name, port in wanted.items() if not is_free(port)}
    if not busy:
        return
    ours, known = family(place), listeners()
    for name, port in busy.items():
        found = known.get(port, {})
        if not (found and found.keys() <= ours):
            shown = (f"{program} (process {pid})" for pid, program in found.items())
            yield name, ", ".join(shown) or "a process of another user"


def _port_of_up(layout: Layout) -> str:
    """Return the port that Airflow's UI has now; empty where it is not up."""
    try:
        return str(json.loads((layout.root / "up.json").read_text("utf-8"))["port"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _mode(path: Path) -> str:
    return f"{stat.S_IMODE(path.stat().st_mode):04o}"
