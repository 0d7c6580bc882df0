"""Files as they must not be: each function writes a damaged copy of a whole file."""

from collections.abc import Callable
from pathlib import Path

from isal import igzip

from imdb_pipeline.config import DATASET_NAMES, dataset_named

_HTML = (
    b"<!doctype html><html><head><title>Sorry</title></head><body>Come back later</body></html>\n"
)


def truncated(source: Path, target: Path) -> None:
    """The first half of the file."""
    content = source.read_bytes()
    target.write_bytes(content[: len(content) // 2])


def flipped(source: Path, target: Path) -> None:
    """One bit in the middle is another."""
    content = bytearray(source.read_bytes())
    content[len(content) // 2] ^= 0x10
    target.write_bytes(content)


def html(_source: Path, target: Path) -> None:
    """What a proxy or a moved host answers."""
    target.write_bytes(_HTML)


def other_file(source: Path, target: Path) -> None:
    """The file of another dataset, whole."""
    name = source.name.removesuffix(".tsv.gz")
    other = next(each for each in DATASET_NAMES if each != name)
    target.write_bytes((source.parent / dataset_named(other).file_name).read_bytes())


def few_rows(source: Path, target: Path) -> None:
    """The first third of the rows, well-formed."""
    header, *rows = _lines(source)
    _write(target, [header, *rows[: len(rows) // 3]])


def impossible(source: Path, target: Path) -> None:
    """Every title is rated 55.5: whole, well-formed and wrong."""
    header, *rows = _lines(source)
    fields = [row.split(b"\t") for row in rows]
    _write(target, [header, *(b"\t".join([row[0], b"55.5", *row[2:]]) for row in fields)])


def _lines(path: Path) -> list[bytes]:
    with igzip.open(path) as packed:
        return bytes(packed.read()).removesuffix(b"\n").split(b"\n")


def _write(path: Path, lines: list[bytes]) -> None:
    with igzip.open(path, "wb", compresslevel=1) as packed:
        packed.write(b"\n".join(lines) + b"\n")


DAMAGES: dict[str, Callable[[Path, Path], None]] = {
    "truncated": truncated,
    "flipped": flipped,
    "html": html,
    "other-file": other_file,
    "few-rows": few_rows,
    "impossible": impossible,
}
