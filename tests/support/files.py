"""Which files this process holds open."""

from contextlib import suppress
from pathlib import Path


def open_files(folder: Path) -> list[Path]:
    """The files below `folder` that are open in this process; needs /proc."""
    found = []
    for handle in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # another thread's, closed by now
            found.append(handle.readlink())
    return [path for path in found if path.is_relative_to(folder)]
