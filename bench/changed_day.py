"""A day later: the seven files with few rows updated, removed and added, scattered over them.

0.5 % of title.principals, the votes (some with the rating) of 2 % of the rated titles and 0.1 % of
the rows of the other files. Files stay sorted and keys unique; a new title need not have a crew.
The files are streamed: memory does not grow with them.
"""

import math
import random
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from isal import igzip

from bench.files import Files
from imdb_pipeline.config import DATASETS, dataset_named

BLOCK = 4 << 20
NULL = b"\\N"
Fields = list[bytes]


@dataclass(frozen=True)
class Share:
    """What share of a file's rows is updated, removed and added."""

    updated: float
    removed: float
    added: float


_FEW = Share(0.0006, 0.0002, 0.0002)
SHARES = {
    dataset.name: {
        "title.principals": Share(0.003, 0.001, 0.001),
        "title.ratings": Share(0.02, 0.0005, 0.0005),
    }.get(dataset.name, _FEW)
    for dataset in DATASETS
}


def change(files: Files, folder: Path, seed: int) -> tuple[Files, dict[str, Counter[str]]]:
    """Write the changed files into `folder`; return them and how many rows of each were what."""
    folder.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        waiting = {
            dataset.name: pool.submit(
                change_file, dataset.name, files.path(dataset), folder / dataset.file_name, seed
            )
            for dataset in files.by_size()
        }
        counts = {name: future.result() for name, future in waiting.items()}
    return Files(folder), counts


def change_file(name: str, source: Path, target: Path, seed: int) -> Counter[str]:
    """Write `target`, the file `source` of dataset `name` a day later; the same seed, the same day.

    Returns how many rows were updated, removed and added.
    """
    share, draw = SHARES[name], random.Random(f"{name} {seed}")
    every = share.updated + share.removed + share.added
    kinds = ("updated", "removed", "added")
    weights = (share.updated, share.removed, share.added)
    edit, add = _EDITS[name], _add_line if len(dataset_named(name).key) > 1 else _add_key
    counts: Counter[str] = Counter()
    with igzip.open(source) as packed, igzip.open(target, "wb", compresslevel=1) as out:
        out.write(packed.readline())
        place = _gap(draw, every)
        for lines in _blocks(packed):
            gone = set()
            while place < len(lines):
                kind = draw.choices(kinds, weights)[0]
                fields = lines[place].split(b"\t")
                if kind == "removed":
                    gone.add(place)
                elif kind == "updated":
                    lines[place] = b"\t".join(edit(fields, draw))
                else:
                    # Where there is no room for a key, the next line that has some.
                    added = None
                    while place + 1 < len(lines) and added is None:
                        fields = lines[place].split(b"\t")
                        added = add(fields, lines[place + 1].split(b"\t", 1)[0])
                        place += added is None
                    if added is None:
                        break
                    lines[place] += b"\n" + b"\t".join(edit(added, draw))
                counts[kind] += 1
                place += 1 + _gap(draw, every)
            place = max(0, place - len(lines))
            kept = [line for at, line in enumerate(lines) if at not in gone] if gone else lines
            out.write(b"\n".join(kept) + b"\n")
    return counts


def _gap(draw: random.Random, share: float) -> int:
    """Return how many rows to leave alone, so that `share` of all are met, scattered."""
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
    """Return a row with the next id, None where the next row has it or sorts before it."""
    key = fields[0]
    new = key[:2] + b"%0*d" % (len(key) - 2, int(key[2:]) + 1)
    return [new, *fields[1:]] if len(new) == len(key) and key < new < following else None


def _add_line(fields: Fields, following: bytes) -> Fields | None:
    """Return one more line of the title, None where this is not its last one.

    Some titles have their lines in the order of text, 1, 10, 2 ...: behind 9 comes nothing then.
    """
    if following == fields[0] or not fields[1].strip(b"9"):
        return None
    return [fields[0], b"%d" % (int(fields[1]) + 1), *fields[2:]]


def _edit_title(fields: Fields, draw: random.Random) -> Fields:
    if draw.random() < 0.5:
        fields[2] += b" (Restored)"
    else:
        fields[7] = b"%d" % draw.randint(40, 180)
    return fields


def _edit_ratings(fields: Fields, draw: random.Random) -> Fields:
    fields[2] = b"%d" % max(5, int(fields[2]) + draw.choice((-1, 1, 2, 5, 20)))
    if draw.random() < 0.2:
        rating = float(fields[1]) + draw.choice((-0.1, 0.1))
        fields[1] = b"%.1f" % min(10.0, max(1.0, rating))
    return fields


def _edit_akas(fields: Fields, draw: random.Random) -> Fields:
    fields[2] += draw.choice((b" II", b"!", b" (TV)"))
    return fields


def _edit_crew(fields: Fields, _draw: random.Random) -> Fields:
    directors, writers = fields[1:3]
    if NULL not in {directors, writers}:
        first = writers.split(b",")[0]
        known = directors.split(b",")
        fields[1] = b",".join([*known, first] if first not in known else reversed(known))
    elif directors == writers:
        fields[1] = b"nm0000001"
    else:
        fields[1], fields[2] = writers, directors
    return fields


def _edit_episode(fields: Fields, draw: random.Random) -> Fields:
    if fields[2] == NULL:
        fields[2] = b"1"
    fields[3] = b"%d" % draw.randint(1, 40)
    return fields


def _edit_principals(fields: Fields, draw: random.Random) -> Fields:
    if fields[3] in {b"actor", b"actress", b"self"}:
        fields[5] = b'["Voice %d"]' % draw.randint(1, 99)
    else:
        fields[4] = b"unit %d" % draw.randint(1, 99)
    return fields


def _edit_name(fields: Fields, draw: random.Random) -> Fields:
    if draw.random() < 0.5:
        fields[2] = b"%d" % draw.randint(1900, 2000)
        fields[3] = NULL
    else:
        fields[1] += b" Jr."
    return fields


_EDITS: dict[str, Callable[[Fields, random.Random], Fields]] = {
    "title.basics": _edit_title,
    "title.ratings": _edit_ratings,
    "title.akas": _edit_akas,
    "title.crew": _edit_crew,
    "title.episode": _edit_episode,
    "title.principals": _edit_principals,
    "name.basics": _edit_name,
}
