"""A disk that is soon full: a small file system in memory, where this machine lets us mount one."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator["SmallDisk"]:
    """Mount a tmpfs at `folder`; skip the test where neither we nor `sudo` may."""
    folder.mkdir(parents=True)
    mounted = _run("mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(folder))
    if mounted.returncode != 0:
        pytest.skip(
            "a disk that is really full needs a mount, and mounting needs root or sudo: "
            f"{mounted.stderr.strip()}"
        )
    try:
        yield SmallDisk(folder)
    finally:
        # The server may have a file open there for a moment yet.
        ended = _run("umount", "--lazy", str(folder))
        assert ended.returncode == 0, ended.stderr


class SmallDisk:
    """The file system at `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def grow(self, kilobytes: int) -> None:
        """Make room."""
        grown = _run("mount", "-o", f"remount,size={kilobytes}k", str(self.folder))
        assert grown.returncode == 0, grown.stderr


def _run(*words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command as root: as ourselves, or by a `sudo` that asks nothing."""
    if os.geteuid() != 0:
        words = ("sudo", "--non-interactive", *words)
    try:
        return subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError as error:
        return subprocess.CompletedProcess(words, 127, "", str(error))
