"""The files of the next day: few rows updated, removed and added, all over the files.

0.5 % of title.principals, the votes of 2 % of the rated titles and 0.1 % of the rows of the other
files. Files stay sorted and keys stay unique. The files are streamed, so memory does not grow.
"""

import math
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from isal import igzip

from bench.files import SampleFiles
from imdb_pipeline.config import dataset_named

BLOCK = 4 << 20
Fields = list[bytes]
Edit = Callable[[bytes, random.Random], bytes]


@dataclass(frozen=True)
class ChangedShare:
    """The share of a file's rows that is updated, removed and added."""

    updated: float
    removed: float
    added: float


_FEW = ChangedShare(0.0006, 0.0002, 0.0002)
SHARES = {
    "title.principals": ChangedShare(0.003, 0.001, 0.001),
    "title.ratings": ChangedShare(0.02, 0.0005, 0.0005),
}


def change(
    files: SampleFiles, folder: Path, seed: int
) -> tuple[SampleFiles, dict[str, int]]:  # fmt: skip
    """Write the changed files into `folder`; return them and the number of changed rows of each."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        waiting = {
            dataset.name: pool.submit(
                change_file, dataset.name, files.path(dataset), folder / dataset.file_name, seed
            )
            for dataset in files.by_size()
        }
        counts = {name: future.result() for name, future in waiting.items()}
    return SampleFiles(folder), counts


def change_file(name: str, source: Path, target: Path, seed: int) -> int:
    """Write `target`, the next day of the file `source`; return the number of changed rows.

    The same seed gives the same file.
    """
    share, draw = SHARES.get(name, _FEW), random.Random(f"{name} {seed}")
    weights = (share.updated, share.removed, share.added)
    (column, edit), add = _EDITS[name], _add_line if len(dataset_named(name).key) > 1 else _add_key
    count = 0
    with igzip.open(source) as packed, igzip.open(target, "wb", compresslevel=1) as out:
        out.write(packed.readline())
        place = _gap(draw, sum(weights))
        for lines in _blocks(packed):
            removed = set()
            while place < len(lines):
                kind = draw.choices(("updated", "removed", "added"), weights)[0]
                fields = lines[place].split(b"\t")
                if kind == "removed":
                    removed.add(place)
                elif kind == "updated":
                    fields[column] = edit(fields[column], draw)
                    lines[place] = b"\t".join(fields)
                else:
                    # The next line with room for a new key after it.
                    new = None
                    while place + 1 < len(lines) and new is None:
                        fields = lines[place].split(b"\t")
                        new = add(fields, lines[place + 1].split(b"\t", 1)[0])
                        place += new is None
                    if new is None:
                        break
                    lines[place] += b"\n" + b"\t".join(new)
                count += 1
                place += 1 + _gap(draw, sum(weights))
            place = max(0, place - len(lines))
            kept = (line for at, line in enumerate(lines) if at not in removed)
            out.write(b"\n".join(kept) + b"\n")
    return count


def _gap(draw: random.Random, share: float) -> int:
    """Return the number of rows until the next changed one."""
    return int(math.log(1.0 - draw.random()) / math.log(1.0 - share))


def _blocks(packed: igzip.IGzipFile) -> Iterator[list[bytes]]:
    rest = b""
    while data := packed.read(BLOCK):
        whole, newline, rest_of_data = data.rpartition(b"\n")
        if newline:
            yield (rest + whole).split(b"\n")
            rest = rest_of_data
        else:
            rest += data
    if rest:
        yield [rest]


def _add_key(fields: Fields, following: bytes) -> Fields | None:
    """Return a row with the next id, or None if there is no id between this row and the next."""
    key = fields[0]
    new = key[:2] + b"%0*d" % (len(key) - 2, int(key[2:]) + 1)
    return [new, *fields[1:]] if len(new) == len(key) and key < new < following else None


def _add_line(fields: Fields, following: bytes) -> Fields | None:
    """Return one more line of the title, or None if this is not its last line.

    Some titles have their lines in the order of text (1, 10, 2 ...): then no line follows 9.
    """
    if following == fields[0] or not fields[1].strip(b"9"):
        return None
    return [fields[0], b"%d" % (int(fields[1]) + 1), *fields[2:]]


def _number(least: int, most: int) -> Edit:
    return lambda _value, draw: b"%d" % draw.randint(least, most)


def _more_votes(value: bytes, draw: random.Random) -> bytes:
    return b"%d" % max(5, int(value) + draw.choice((-1, 1, 2, 5, 20)))


def _other_people(value: bytes, _draw: random.Random) -> bytes:
    return b"nm0000001" if value == b"\\N" else b"\\N"


_EDITS: dict[str, tuple[int, Edit]] = {
    "title.basics": (7, _number(40, 180)),
    "title.ratings": (2, _more_votes),
    "title.akas": (2, lambda value, _draw: value + b" II"),
    "title.crew": (2, _other_people),
    "title.episode": (3, _number(1, 40)),
    "title.principals": (4, lambda _value, draw: b"unit %d" % draw.randint(1, 99)),
    "name.basics": (1, lambda value, _draw: value + b" Jr."),
}
