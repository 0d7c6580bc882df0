"""How far a load is, in the log, every few seconds."""

import logging
from collections.abc import Callable

from warehouse.raw.file_reader import FileReader

log = logging.getLogger(__name__)


class Progress:
    """To be called after every chunk; logs rows, share of the file, MB/s of plain text, rows/s."""

    def __init__(self, name: str, every: float, clock: Callable[[], float]) -> None:
        self.name = name
        self.every = every
        self.clock = clock
        self.started = self.next = clock()
        self.next += every

    def __call__(self, reader: FileReader) -> None:
        """Log a line where it is time for one."""
        now = self.clock()
        if now < self.next:
            return
        self.next = now + self.every
        seconds = now - self.started
        log.info(
            "%s: %s rows, %.0f %% of the file, %.1f MB/s, %s rows/s",
            self.name,
            f"{reader.rows:,}",
            100 * reader.compressed_bytes / max(1, reader.size),
            reader.plain_bytes / 1e6 / max(seconds, 1e-9),
            f"{reader.rows / max(seconds, 1e-9):,.0f}",
        )
