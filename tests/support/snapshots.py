"""Snapshot files of the tests: invented rows with every oddity that the real files have."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from imdb_pipeline.config import dataset_named
from tests.support.postgres import Database
from tests.support.source import packed
from warehouse.http.cache import CacheEntry
from warehouse.raw.dataset import Dataset

Row = tuple[str, ...]

RATINGS = dataset_named("title.ratings")
N = r"\N"
ORIGIN = "files"

TWO_ROWS: list[Row] = [("tt0000001", "5.7", "210"), ("tt0000002", "6.1", "5")]
THREE_ROWS: list[Row] = [*TWO_ROWS, ("tt0000003", "9.9", "31")]


def plain(dataset: Dataset, rows: Iterable[Row], *, end: bytes = b"\n") -> bytes:
    """The file before it is packed."""
    lines = [dataset.header, *("\t".join(row).encode() for row in rows)]
    return b"\n".join(lines) + end


def snapshot(dataset: Dataset, rows: Iterable[Row]) -> bytes:
    """The file as the source has it."""
    return packed(plain(dataset, rows))


def entry_of(path: Path, rows: int) -> CacheEntry:
    """What the downloader would have noted of the file."""
    content = path.read_bytes()
    return CacheEntry(
        etag='"one"',
        last_modified=None,
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        rows=rows,
        file=path.name,
        url=f"http://127.0.0.1/files/{path.name}",
        origin=ORIGIN,
    )


def written(
    folder: Path, dataset: Dataset, rows: Sequence[Row] | None = None, *, body: bytes | None = None
) -> tuple[Path, CacheEntry]:
    """Put a snapshot in `folder`: of `rows`, or with `body` after the header."""
    content = plain(dataset, rows or []) if body is None else dataset.header + b"\n" + body
    path = folder / dataset.file_name
    path.write_bytes(packed(content))
    return path, entry_of(path, content.rstrip(b"\n").count(b"\n"))


def loaded_rows(database: Database, dataset: Dataset) -> list[Row]:
    r"""The rows of the raw table in the order of the file, null written as `\N`.

    Raises where a text is `\N`: it would look like null.
    """
    columns = ", ".join(f'"{column}"' for column in dataset.table_columns)
    rows = database.query(f"select {columns} from raw.{dataset.table} order by ctid")
    assert not any(value == N for row in rows for value in row)
    return [tuple(N if value is None else value for value in row) for row in rows]


# One invented row or more for everything odd that real files were seen to hold.
ODD_ROWS: dict[str, list[Row]] = {
    "title.basics": [
        ("tt0000007", "movie", '"Lantern" Says Moth', '"Lantern', "0", "1931", N, "71", "Drama"),
        ("tt0000008", "tvEpisode", '"', 'The "Odd" Quote"', "0", "2004", N, "0", N),
        ("tt0000009", "movie", "4711", N, "0", "1874", N, N, "Comedy,Horror,Short"),
        ("tt10000012", "tvSeries", "Über den Dächern", "ガラスの庭", "0", "1999", "2031", "60", N),
        ("tt1000002", "short", "مدينة الورق", "Straße — № 9 🎞", "1", N, N, "6017", "Short"),
        ("tt1000003", "tvPilot", "  Two Blanks ", "e\u0301 and \u00e9", "0", "2033", N, N, "Drama"),
        ("tt1000004", "video", r"C:\Temp\new", r"\t \n \x08 \\ \.", "0", "2011", N, "12", "Crime"),
        ("tt1000005", "movie", r"\.", r"\\N", "0", "2011", N, "12", ""),
        ("tt1000006", "movie", "", "", "", "", "", "", ""),
        ("tt1000007", "movie", "It's 100 % ; -- '' $$ %s {}", "a,b;c|d", N, N, N, N, N),
        ("tt1000008", "movie", "\ufeffNo Break\u00a0Here\u2028", "\x7f\x01\x1f\x85", N, N, N, N, N),
    ],
    "title.ratings": [
        ("tt0000007", "10.0", "2900001"),
        ("tt0000008", "1.0", "5"),
        ("tt10000012", "5.7", "21"),
        ("tt1000002", "5.7", "21"),
    ],
    "title.akas": [
        ("tt0000007", "1", '"Lantern', "XWW", N, "imdbDisplay", N, "0"),
        ("tt0000007", "10", "Das „Motten\"-Licht", "SUHH", "de", "alternative", N, "0"),
        ("tt0000007", "2", "Laterna", "CSHH", N, "dvd\x02tv", "reissue name\x02second cut", "0"),
        ("tt0000007", "3", "Laterne", N, N, "original", N, "1"),
        ("tt0000008", "1", "", "DDDE", N, N, "literal title", N),
    ],
    "title.crew": [
        ("tt0000007", N, N),
        ("tt0000008", "nm0000001", ",".join(f"nm{number:08d}" for number in range(511))),
        ("tt0000009", ",".join(f"nm{number:07d}" for number in range(167)), "nm12345678"),
    ],
    "title.episode": [
        ("tt0000008", "tt10000012", N, N),
        ("tt0000018", "tt10000012", "2003", "0"),
        ("tt0000019", "tt99999999", "1", "12652"),
    ],
    "title.principals": [
        ("tt0000007", "1", "nm0000001", "actor", N, r'["The \"Moth\" Keeper"]'),
        ("tt0000007", "10", "nm0000001", "actor", N, r'["Él \\ Ella","Self","\u00e9"]'),
        ("tt0000007", "2", "nm0000002", "writer", 'based on the play "Licht" by  ', N),
        ("tt0000007", "25", "nm9999999", "casting_director", "x" * 134, N),
        ("tt0000008", "1", "nm0000003", "archive_footage", "producer (as 'Q\"')", '["["]'),
    ],
    "name.basics": [
        ("nm0000001", "Agathon of Nowhere", "525", "456", "writer", "tt0000007,tt99999999"),
        ("nm0000002", 'Mira "Kit" Vale', N, N, "", N),
        ("nm0000003", "Mira \"Kit\" Vale", "1970", N, "podcaster,actress,producer", "tt0000008"),
        ("nm12345678", "ᚠᚢᚦ O'Hara-李", N, "2001", N, ""),
    ],
}  # fmt: skip
