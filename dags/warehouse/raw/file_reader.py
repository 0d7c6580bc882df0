"""What a load needs of a file, whatever its format: whole TAB-separated lines, and what it held."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from warehouse.http.cache import FileFacts
from warehouse.raw.dataset import Dataset


class FileReader(Protocol):
    """A file that is read once from begin to end; a context manager that closes it.

    `size` and `compressed_bytes` are those of the file as it came, `rows` and `plain_bytes` what
    was read so far.
    """

    size: int
    rows: int
    plain_bytes: int

    @property
    def compressed_bytes(self) -> int: ...  # noqa: D102

    def chunks(self) -> Iterator[bytes]:
        """Yield chunks of whole lines with the columns of the dataset, each line with its end.

        Raises `DamagedFile` or `UnexpectedContent`.
        """
        ...

    def facts(self) -> FileFacts:
        """What the file held; called after the end was read."""
        ...

    def log_remarks(self) -> None:
        """Say in the log what of the file is left out, where something is."""
        ...

    def __enter__(self) -> Self: ...  # noqa: D105
    def __exit__(  # noqa: D105
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...


OpenFile = Callable[[Dataset, Path, Callable[[FileReader], None] | None], FileReader]
"""Opens a file of a dataset; the third argument is called after every chunk, where it is given."""
