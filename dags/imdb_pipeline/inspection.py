"""Whether a file is whole, harmless and what its dataset has; checked before it is put in place."""

from dataclasses import replace
from pathlib import Path

from imdb_pipeline.config import Settings
from imdb_pipeline.lines import LineCheck
from imdb_pipeline.snapshot import SnapshotReader
from warehouse.database.bounded_queue import read_ahead
from warehouse.errors import DamagedFile, UnexpectedContent
from warehouse.http.cache import FileFacts
from warehouse.raw.dataset import Dataset

# A short file may repeat itself; what it unpacks to does no harm.
RATIO_MATTERS_FROM = 64 << 20


def inspect(path: Path, dataset: Dataset, settings: Settings | None = None) -> FileFacts:
    """Read a whole file and return what it holds; warn of columns that are accepted though new.

    Raises `DamagedFile` or `UnexpectedContent`, as `SnapshotReader` and `LineCheck` do, for a
    file that unpacks to more than the settings allow, and for one that has a header but no rows.
    """
    settings = settings or Settings()
    with (
        SnapshotReader(
            path,
            dataset,
            on_chunk=_Limits(settings),
            accept_added=settings.accept_added_columns,
        ) as reader,
        # It is unpacked by another thread while this one looks at the lines.
        read_ahead(reader.unchecked()) as chunks,
    ):
        check = LineCheck(reader.columns, path.name, header=reader.header)
        for chunk in chunks:
            check.feed(chunk)
        check.end(accept_unended=settings.accept_unended_files)
        facts = replace(reader.facts(), rows=check.rows)
    if facts.rows == 0:
        raise DamagedFile(f"{path.name}: has the header of {dataset.name} but not a single row.")
    reader.log_remarks()
    return facts


class _Limits:
    """To be called after every chunk; stops a file that unpacks to more than is allowed."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def __call__(self, reader: SnapshotReader) -> None:
        plain, packed = reader.plain_bytes, reader.compressed_bytes
        if plain > self.settings.max_bytes:
            raise UnexpectedContent(
                f"{reader.path.name}: unpacks to more than "
                f"{self.settings.max_bytes:,} bytes, so far from {packed:,}. If the file is right, "
                "raise IMDB_MAX_BYTES. Nothing was replaced."
            )
        if plain > RATIO_MATTERS_FROM and plain > self.settings.max_ratio * packed:
            raise UnexpectedContent(
                f"{reader.path.name}: {packed:,} bytes unpack to "
                f"{plain:,} and more, over {self.settings.max_ratio:g} times as much, as no real "
                "file does: a decompression bomb? If the file is right, raise IMDB_MAX_RATIO. "
                "Nothing was replaced."
            )
