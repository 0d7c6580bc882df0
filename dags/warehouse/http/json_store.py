"""Cache entries in one JSON file, for use without Airflow."""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from warehouse.errors import StorageRefused


class JsonFileStore:
    """Text by key in one JSON file; written by rename, so never half.

    Several threads and processes may write at once: a lock file beside it keeps them apart.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, key: str) -> str | None:
        """Return the text kept under `key`, or None."""
        return self._all().get(key)

    def write(self, key: str, value: str) -> None:
        """Keep `value` under `key`."""
        with self._locked():
            self._save(self._all() | {key: value})

    def delete(self, key: str) -> None:
        """Forget `key`; it need not be there."""
        with self._locked():
            self._save({kept: value for kept, value in self._all().items() if kept != key})

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep others away during a write; `StorageRefused` where the disk refuses."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.with_name(f"{self.path.name}.lock").open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            raise StorageRefused(
                f"{self.path}: cannot be written: {error.strerror}. Make room or give the right to "
                "write there. The downloaded files are as they were."
            ) from error

    def _all(self) -> dict[str, str]:
        try:
            content = json.loads(self.path.read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        if not isinstance(content, dict):
            return {}
        return {str(key): str(value) for key, value in content.items()}

    def _save(self, content: dict[str, str]) -> None:
        fresh = self.path.with_name(f"{self.path.name}.tmp")
        fresh.write_text(json.dumps(content, indent=2, sort_keys=True), "utf-8")
        fresh.replace(self.path)
