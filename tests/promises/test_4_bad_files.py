"""Promise 4: bad files never replace good data; file, line and reason are told."""

import gzip
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from imdb_pipeline.config import Settings, dataset_named
from imdb_pipeline.inspection import RATIO_MATTERS_FROM, inspect
from imdb_pipeline.lines import LineCheck
from tests.support.downloads import Workbench
from tests.support.loads import IMPATIENT, LoadedWarehouse
from tests.support.postgres import Cluster
from tests.support.properties import cut_anywhere, rows_of
from tests.support.snapshots import ODD_ROWS, RATINGS, THREE_ROWS, Row, plain, snapshot, written
from tests.support.source import Answer, FaultySource, file, packed, running_source
from warehouse.errors import DamagedFile, UnexpectedContent

ROOT = Path(__file__).parents[2]
HEADER = RATINGS.header + b"\n"
LINE = b"tt0000001\t5.7\t210\n"
MANY = HEADER + LINE * 100_000  # more than one chunk
LONG = snapshot(RATINGS, [(f"tt{n:07d}", "5.7", str(n * 7919 % 9973)) for n in range(3_000)])


def quickly_packed(text: bytes) -> bytes:
    return gzip.compress(text, 1, mtime=0)


def with_line(row: int, line: bytes) -> bytes:
    """A file of 100,000 rows with `line` in place of the row that is counted from 1."""
    lines = MANY.splitlines(keepends=True)
    lines[row] = line
    return quickly_packed(b"".join(lines))


def flipped(content: bytes, at: int) -> bytes:
    changed = bytearray(content)
    changed[at] ^= 1
    return bytes(changed)


def bomb() -> bytes:
    """Right lines all through, but two hundred times as many as a real file could hold."""
    member = quickly_packed(LINE * 100_000)
    return quickly_packed(HEADER) + member * (RATIO_MATTERS_FROM // (len(LINE) * 100_000) + 2)


IN_LINE = "title.ratings.tsv.gz.part, line "
BAD: dict[str, tuple[Callable[[], bytes], type[Exception], str]] = {
    "truncated": (
        lambda: LONG[: len(LONG) // 2], DamagedFile, "the gzip stream is not whole after",
    ),
    "bit-flipped": (
        lambda: flipped(LONG, len(LONG) // 2), DamagedFile, "the gzip stream is not whole after",
    ),
    "wrong CRC": (lambda: flipped(LONG, -8), DamagedFile, "CRC"),
    "a member with rubbish": (
        lambda: LONG + packed(b"<html>Sorry!</html>\n"), UnexpectedContent,
        f"{IN_LINE}3002: has 1 columns, where the header has 3, and begins '<html>Sorry!</html>'",
    ),
    "two files in one": (
        lambda: LONG + LONG, UnexpectedContent, f"{IN_LINE}3002: is the header once more",
    ),
    "rubbish after the last member": (
        lambda: LONG + b"rubbish", DamagedFile, "the gzip stream is not whole after",
    ),
    "HTML": (
        lambda: b"<html>Sorry!</html>", DamagedFile, "expected a gzip file, found an HTML page",
    ),
    "CR LF": (
        lambda: packed(MANY[:1000].replace(b"\n", b"\r\n")), UnexpectedContent,
        "its lines end with CR LF, as on Windows, where LF alone is expected",
    ),
    "a byte order mark": (
        lambda: packed(b"\xef\xbb\xbf" + MANY[:1000]), UnexpectedContent,
        "begins with a byte order mark (BOM)",
    ),
    "gzip in gzip": (
        lambda: packed(LONG), UnexpectedContent, "is a gzip file in a gzip file. Unpack it once.",
    ),
    "a last number that may be cut": (
        lambda: quickly_packed(MANY + b"tt0000002\t5.7\t21"), DamagedFile,
        f"{IN_LINE}100002: the last line has no line end, so its last value may be cut",
    ),
    "empty": (lambda: b"", DamagedFile, "expected a gzip file, found an empty file"),
    "header only": (lambda: packed(HEADER), DamagedFile, "but not a single row"),
    "of another dataset": (
        lambda: snapshot(dataset_named("title.crew"), ODD_ROWS["title.crew"]), UnexpectedContent,
        "the header is not that of title.ratings but that of title.crew",
    ),
    "a column too few": (
        lambda: with_line(70_000, b"tt0000001\t5.7\n"), UnexpectedContent,
        rf"{IN_LINE}70001: has 2 columns, where the header has 3, and begins 'tt0000001\t5.7'",
    ),
    "a column too many": (
        lambda: with_line(1, b"tt0000001\t5.7\t210\tx\ty\n"), UnexpectedContent,
        f"{IN_LINE}2: has 5 columns, where the header has 3",
    ),
    "a line broken in two": (
        lambda: with_line(99_999, b"tt0000001\t5\n.7\t210\n"), UnexpectedContent,
        f"{IN_LINE}100000: has 2 columns",
    ),
    "TABs in the wrong lines": (
        lambda: with_line(7, b"tt1\t5.7\ntt1\t5.7\t210\tx\n"), UnexpectedContent,
        f"{IN_LINE}8: has 2 columns",
    ),
    "an empty line": (lambda: with_line(100_000, b"\n"), UnexpectedContent, f"{IN_LINE}100001: "),
    "a last line cut off": (
        lambda: quickly_packed(MANY + b"tt0000001\t5"), UnexpectedContent,
        f"{IN_LINE}100002: has 2 columns",
    ),
    "invalid UTF-8": (
        lambda: with_line(70_000, b"tt0000001\t5\xff7\t210\n"), UnexpectedContent,
        f"{IN_LINE}70001: is not UTF-8: invalid start byte (0xff)",
    ),
    "half a surrogate": (
        lambda: with_line(1, b"tt0000001\t\xed\xa0\x80\t210\n"), UnexpectedContent,
        f"{IN_LINE}2: is not UTF-8",
    ),
    "half a character at the end": (
        lambda: quickly_packed(MANY + b"tt0000001\t5.7\t210\xc3"), UnexpectedContent,
        f"{IN_LINE}100002: is not UTF-8",
    ),
    "a NUL byte": (
        lambda: with_line(70_000, b"tt0000001\t5\0007\t210\n"), UnexpectedContent,
        f"{IN_LINE}70001: holds a NUL byte (0x00)",
    ),
    "a line of 100 MB": (
        lambda: quickly_packed(HEADER + LINE + b"tt0000002\t" + b"x" * 100_000_000),
        UnexpectedContent, f"{IN_LINE}3: is longer than 16,777,216 bytes",
    ),
    "a decompression bomb": (bomb, UnexpectedContent, "a decompression bomb?"),
}  # fmt: skip


@dataclass
class Good:
    """A good file in the data folder, its rows in raw, and a source for what comes next."""

    source: FaultySource
    workbench: Workbench
    warehouse: LoadedWarehouse
    content: bytes


@pytest.fixture(scope="module")
def good(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Good]:
    """One for all bad files: none of them may change it."""
    content = snapshot(RATINGS, THREE_ROWS)
    folder = tmp_path_factory.mktemp("promise_4") / "data"
    with running_source() as source, postgres.database() as database:
        workbench = Workbench(source.url, folder)
        source.answers(file(content, etag='"good"'))
        entry = workbench.download().entry
        warehouse = LoadedWarehouse(database, folder)
        warehouse.loader().load(RATINGS, workbench.path, entry)
        yield Good(source, workbench, warehouse, content)


def refused(good: Good, answer: Answer, kind: type[Exception]) -> str:
    """Download; return the message after making sure that nothing happened to file and rows."""
    good.source.always(answer)
    ledger = good.warehouse.ledger()
    with pytest.raises(kind) as caught:
        good.workbench.download()
    assert good.workbench.path.read_bytes() == good.content
    assert good.workbench.files == {"title.ratings.tsv.gz"}
    entry = good.workbench.cache.valid_entry(RATINGS)
    assert entry is not None
    outcome = good.warehouse.loader().load(RATINGS, good.workbench.path, entry)
    assert not outcome.written
    assert good.warehouse.rows() == THREE_ROWS
    assert good.warehouse.ledger() == ledger
    return str(caught.value)


@pytest.mark.parametrize("what", BAD)
def test_a_bad_file_is_refused_and_the_good_one_stays(good: Good, what: str) -> None:
    make, kind, said = BAD[what]

    message = refused(good, file(make()), kind)

    assert message.startswith(f"{good.source.url}/title.ratings.tsv.gz: title.ratings.tsv.gz.part")
    assert said in message
    assert message.endswith("The file that was there before is kept.")


@pytest.mark.parametrize("length", [True, False])
def test_no_more_is_written_to_the_disk_than_the_setting_allows(good: Good, length: bool) -> None:
    allowed, most = 3 << 20, resource.getrlimit(resource.RLIMIT_FSIZE)
    endless = Answer(body=os.urandom(1 << 20) * 12, length=length)
    before = good.workbench.settings
    good.workbench.change(max_bytes=allowed)
    try:
        # A file that grows beyond it would be another error, of a full disk.
        resource.setrlimit(resource.RLIMIT_FSIZE, (allowed, most[1]))
        message = refused(good, endless, UnexpectedContent)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, most)
        good.workbench.settings = before

    assert "3,145,728 are allowed" in message
    assert "raise IMDB_MAX_BYTES" in message


def test_a_file_is_not_unpacked_beyond_the_size_that_the_setting_allows(tmp_path: Path) -> None:
    path, _ = written(tmp_path, RATINGS, body=LINE * 400_000)

    with pytest.raises(UnexpectedContent, match=r"more than 3,000,000 bytes.*IMDB_MAX_BYTES"):
        inspect(path, RATINGS, Settings(max_bytes=3_000_000))
    assert inspect(path, RATINGS, Settings(max_bytes=len(LINE) * 400_000)).rows == 400_000


def test_what_the_ratio_may_be_is_a_setting(tmp_path: Path) -> None:
    path = tmp_path / RATINGS.file_name
    path.write_bytes(bomb())

    with pytest.raises(UnexpectedContent, match=r"over 40 times as much.*raise IMDB_MAX_RATIO"):
        inspect(path, RATINGS)
    assert inspect(path, RATINGS, Settings(max_ratio=1000)).rows > RATIO_MATTERS_FROM / len(LINE)


_INSPECT_ALONE = """
import sys
from pathlib import Path
from imdb_pipeline.config import dataset_named
from imdb_pipeline.inspection import inspect
from warehouse.errors import UnexpectedContent

try:
    inspect(Path(sys.argv[1]), dataset_named("title.ratings"))
except UnexpectedContent as error:
    print(error)
status = Path("/proc/self/status").read_text()
print(int(status.split("VmHWM:")[1].split()[0]) * 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc to see the peak")
@pytest.mark.parametrize(
    ("make", "said"),
    [
        # A gigabyte each, were they unpacked.
        (lambda: quickly_packed(HEADER) + quickly_packed(b"x" * 10_000_000) * 100, "is longer"),
        (lambda: quickly_packed(HEADER) + quickly_packed(LINE * 555_555) * 100, "a decompression"),
        (
            lambda: quickly_packed(HEADER) + quickly_packed(b"\n" * 10_000_000) * 100,
            "line 2: has 1",
        ),
        (lambda: quickly_packed(HEADER) + quickly_packed(b"\t" * 10_000_000) * 100, "line 2: has"),
        (lambda: quickly_packed(b"\t" * 10_000_000) * 100, "first line is longer than"),
    ],
    ids=["one line", "good lines", "newlines", "TABs", "a header without end"],
)
def test_a_gigabyte_in_a_small_file_needs_little_memory(
    tmp_path: Path, make: Callable[[], bytes], said: str
) -> None:
    path = tmp_path / RATINGS.file_name
    path.write_bytes(make())
    done = subprocess.run(
        [sys.executable, "-c", _INSPECT_ALONE, str(path)],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "dags")},
    )
    message, peak = done.stdout.splitlines()
    assert said in message
    assert int(peak) < 110e6


PRINCIPALS = dataset_named("title.principals")


@settings(max_examples=60)
@given(data=st.data(), rows=rows_of(PRINCIPALS))
def test_any_rows_in_any_pieces_are_counted_the_same(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, rows: list[Row]
) -> None:
    text = plain(PRINCIPALS, rows)
    path = tmp_path_factory.getbasetemp() / "any.tsv.gz"
    path.write_bytes(b"".join(map(packed, data.draw(cut_anywhere(text)))))
    assert inspect(path, PRINCIPALS).rows == len(rows)

    check = LineCheck(len(PRINCIPALS.columns), path.name)
    for piece in data.draw(cut_anywhere(text.partition(b"\n")[2])):
        check.feed(piece)
    check.end()
    assert check.rows == len(rows)


_FIELDS = st.sampled_from([b"a", b"", b"\xc3\xa9", b"\xf0\x9f\x8e\x9e", b"\xff", b"\xc3", b"\xa9"])


@settings(max_examples=150)
@given(data=st.data(), lines=st.lists(st.lists(_FIELDS, min_size=1, max_size=4), min_size=1))
def test_any_bad_line_is_found_in_any_pieces(data: st.DataObject, lines: list[list[bytes]]) -> None:
    """Against what one would write who looks at every line."""

    def is_good(fields: list[bytes]) -> bool:
        try:
            b"\t".join(fields).decode()
        except UnicodeDecodeError:
            return False
        return len(fields) == 3

    first_bad = next((at for at, fields in enumerate(lines, 2) if not is_good(fields)), None)
    check = LineCheck(3, "some.tsv.gz")
    try:
        for piece in data.draw(cut_anywhere(b"".join(b"\t".join(one) + b"\n" for one in lines))):
            check.feed(piece)
        check.end()
    except UnexpectedContent as error:
        assert first_bad is not None
        told = int(str(error).partition("line ")[2].partition(":")[0])
        bad = [at for at, fields in enumerate(lines, 2) if not is_good(fields)]
        assert told in bad
    else:
        assert first_bad is None
        assert check.rows == len(lines)


@settings(max_examples=300)
@given(
    at=st.integers(0, len(LONG) - 1),
    byte=st.integers(0, 255),
    cut=st.booleans(),
    extra=st.sampled_from([b"", LONG, b"\x1f\x8b", b"\0" * 8]),
)
@example(at=0, byte=0x1F, cut=False, extra=b"")
def test_a_damaged_file_is_refused_or_has_the_same_text(
    tmp_path_factory: pytest.TempPathFactory, at: int, byte: int, cut: bool, extra: bytes
) -> None:
    damaged = LONG[:at] + (b"" if cut else bytes([byte]) + LONG[at + 1 :])
    path = tmp_path_factory.getbasetemp() / "damaged.tsv.gz"
    path.write_bytes(damaged + extra)
    try:
        facts = inspect(path, RATINGS)
    except (DamagedFile, UnexpectedContent) as error:
        assert "damaged.tsv.gz" in str(error)
        return
    assert gzip.decompress(path.read_bytes()) == gzip.decompress(LONG)
    assert facts.rows == 3_000


@settings(max_examples=15)
@given(data=st.data(), rows=rows_of(PRINCIPALS, most=30))
def test_any_rows_are_read_back_from_postgres_as_they_were(
    good: Good, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, rows: list[Row]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    path, entry = written(folder, PRINCIPALS, rows)
    inspect(path, PRINCIPALS, IMPATIENT)
    warehouse = LoadedWarehouse(good.warehouse.database, folder)
    warehouse.loader().load(PRINCIPALS, path, entry, force=True)
    assert warehouse.rows(PRINCIPALS) == rows
