"""A download that is not finished: the `.part` file and, beside it, what the server said of it.

The note beside the part (`.part.json`) keeps the validators, so that a later try, in this process
or another, can ask for the rest of the very same file. Without a note a part is worth nothing.
"""

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from warehouse.errors import StorageRefused


@dataclass(frozen=True, slots=True)
class Validators:
    """What identifies one version of a file: its `ETag` and `Last-Modified`, as sent."""

    etag: str | None
    last_modified: str | None

    @property
    def for_if_range(self) -> str | None:
        """The value for `If-Range`: a strong ETag, else the date (RFC 9110, section 13.1.5)."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return self.last_modified


class PartFile:
    """The unfinished download of `target`; its methods raise `StorageRefused`.

    `folder_setting` is the name of the setting that says where the folder is, for messages.
    """

    def __init__(self, target: Path, folder_setting: str = "the data folder's setting") -> None:
        self.target = target
        self._folder_setting = folder_setting
        self.path = target.with_name(f"{target.name}.part")
        self._note = target.with_name(f"{target.name}.part.json")

    @property
    def size(self) -> int:
        """Bytes that have arrived."""
        return self.path.stat().st_size if self.path.exists() else 0

    def validators(self) -> Validators | None:
        """Return what the server said of the part; None where nothing readable is noted."""
        try:
            validators = Validators(**json.loads(self._note.read_text("utf-8")))
        except (FileNotFoundError, ValueError, TypeError):
            return None
        noted = (validators.etag, validators.last_modified)
        return validators if all(isinstance(value, str | None) for value in noted) else None

    def resumable(self) -> Validators | None:
        """Return the validators of a part that can be continued; None where there is none."""
        if self.path.is_symlink():
            return None  # what comes would be written to wherever it leads
        validators = self.validators() if self.size else None
        return validators if validators and validators.for_if_range else None

    def begin(self, validators: Validators) -> None:
        """Start over with an empty part of the version that `validators` name."""
        with self._storage():
            self.target.parent.mkdir(parents=True, exist_ok=True)
            self.discard()
            self._note.write_text(json.dumps(asdict(validators)), "utf-8")
            self.path.touch()

    def append(self, chunks: Iterable[bytes]) -> None:
        """Add what arrives. What came before a break stays, for the next try."""
        with self._storage(), self.path.open("ab") as file:
            for chunk in chunks:
                file.write(chunk)

    def finish(self) -> None:
        """Put the whole, checked part in the place of the target, safe against a power cut.

        The target is there at any moment, old or new.
        """
        with self._storage():
            with self.path.open("rb") as file:
                os.fsync(file.fileno())
            self.path.replace(self.target)
            self._note.unlink(missing_ok=True)
            folder = os.open(self.target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def discard(self) -> None:
        """Throw the part away."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    @contextmanager
    def _storage(self) -> Iterator[None]:
        """Translate the disk's errors; those of the network are no `OSError` when they get here."""
        try:
            yield
        except OSError as error:
            raise StorageRefused(
                f"{self.path}: cannot be written: {error.strerror}. Make room or give the right to "
                f"write there, or set {self._folder_setting} to another folder. What arrived is "
                "kept, and so is the file that was there before."
            ) from error
