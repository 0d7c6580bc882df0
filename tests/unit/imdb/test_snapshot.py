"""The reader of a snapshot: what it hands on, counts and hashes, and how it lets go of the file."""

import gzip
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdb_pipeline.inspection import inspect
from imdb_pipeline.lines import LONGEST_LINE
from imdb_pipeline.snapshot import CHUNK, SnapshotReader
from tests.support.files import open_files
from tests.support.snapshots import RATINGS, THREE_ROWS, plain, written
from tests.support.source import packed
from warehouse.errors import DamagedFile, UnexpectedContent
from warehouse.http.cache import sha256_of


def read_all(reader: SnapshotReader, size: int = -1) -> bytes:
    return b"".join(iter(lambda: reader.read(size), b""))


@pytest.mark.parametrize("size", [1, 7, 1000, CHUNK, 10 * CHUNK, -1])
def test_the_rows_are_handed_on_as_they_are(tmp_path: Path, size: int) -> None:
    path, entry = written(tmp_path, RATINGS, THREE_ROWS)

    with SnapshotReader(path, RATINGS) as reader:
        assert reader.readable()
        text = read_all(reader, size)
        facts = reader.facts()

    assert RATINGS.header + b"\n" + text == plain(RATINGS, THREE_ROWS)
    assert (facts.rows, facts.bytes, facts.sha256) == (3, entry.bytes, entry.sha256)


def test_no_chunk_is_larger_than_promised(tmp_path: Path) -> None:
    path, _ = written(tmp_path, RATINGS, body=b"tt1\t5.7\t210\n" * 400_000)
    sizes: list[int] = []
    shares: list[float] = []

    def note(reader: SnapshotReader) -> None:
        shares.append(reader.compressed_bytes / reader.size)

    with SnapshotReader(path, RATINGS, on_chunk=note) as reader:
        while data := reader.read(10 * CHUNK):
            sizes.append(len(data))
        assert reader.plain_bytes == sum(sizes) == 400_000 * 12

    assert max(sizes) <= CHUNK
    assert len(shares) == len(sizes) > 1
    assert shares == sorted(shares)
    assert shares[-1] == 1


@given(st.lists(st.binary(max_size=400), min_size=1, max_size=5), st.booleans())
def test_any_way_to_pack_it_gives_the_same_rows(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], newline: bool
) -> None:
    body = b"".join(pieces).translate(None, b"\b\r\0") + (b"\n" if newline else b"")
    rows = body.count(b"\n") + (not body.endswith(b"\n") and body != b"")
    path = tmp_path_factory.mktemp("packed") / "title.ratings.tsv.gz"
    members = [RATINGS.header + b"\n", body[:50], body[50:]]
    path.write_bytes(b"".join(map(packed, members)))

    with SnapshotReader(path, RATINGS) as reader:
        assert read_all(reader) == body
        assert reader.read() == b""
        facts = reader.facts()

    assert facts.rows == rows
    assert facts.sha256 == hashlib.sha256(path.read_bytes()).hexdigest() == sha256_of(path)
    assert facts.bytes == path.stat().st_size


@pytest.mark.parametrize("longest", [1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7])
@pytest.mark.parametrize("newline", [True, False])
def test_lines_are_never_cut(tmp_path: Path, longest: int, newline: bool) -> None:
    lines = [b"a", b"", b"x" * longest, b"b\tc", b"y" * (CHUNK // 2), b"z" * longest, b"d"]
    path, _ = written(tmp_path, RATINGS, body=b"\n".join(lines) + (b"\n" if newline else b""))

    with SnapshotReader(path, RATINGS) as reader:
        chunks = list(reader.lines())
        assert reader.facts().rows == len(lines)

    assert b"".join(chunks) == b"\n".join(lines) + b"\n"
    assert all(chunk.endswith(b"\n") for chunk in chunks)
    assert max(map(len, chunks)) <= 2 * CHUNK + longest


@pytest.mark.parametrize("begin", [b"", b"tt1\t5.7\t210\n" * 3])
def test_a_line_that_nothing_could_hold_is_not_read_to_its_end(
    tmp_path: Path, begin: bytes
) -> None:
    path, _ = written(tmp_path, RATINGS, body=begin + b"x" * (LONGEST_LINE + 4 * CHUNK))

    with (
        SnapshotReader(path, RATINGS) as reader,
        pytest.raises(UnexpectedContent) as caught,
    ):
        list(reader.lines())

    line = 2 + begin.count(b"\n")
    assert str(caught.value) == (
        f"title.ratings.tsv.gz, line {line}: is longer than 16,777,216 bytes. Look at the line; "
        "the file and the rows that were there before are untouched."
    )
    assert LONGEST_LINE <= reader.plain_bytes <= LONGEST_LINE + 3 * CHUNK


@pytest.mark.parametrize("added", [("likes",), ("likes", "source", "a b")])
def test_columns_that_were_added_are_left_out_of_every_line(
    tmp_path: Path, added: tuple[str, ...]
) -> None:
    wider = replace(RATINGS, columns=(*RATINGS.columns, *added))
    rows = [(f"tt{n}", "5.7", str(n)) for n in range(100_000)]
    path, _ = written(tmp_path, wider, [(*row, *added) for row in rows])

    with SnapshotReader(path, RATINGS, accept_added=True) as reader:
        assert (reader.added, reader.columns) == (added, 3 + len(added))
        chunks = list(reader.chunks())

    assert len(chunks) > 1
    assert RATINGS.header + b"\n" + b"".join(chunks) == plain(RATINGS, rows)


def test_a_line_without_the_added_columns_is_told_with_its_place(tmp_path: Path) -> None:
    wider = replace(RATINGS, columns=(*RATINGS.columns, "likes"))
    path, _ = written(tmp_path, wider, body=b"tt1\t5.7\t210\t1\n" * 2 + b"tt1\t5.7\t210\n")

    with (
        SnapshotReader(path, RATINGS, accept_added=True) as reader,
        pytest.raises(UnexpectedContent, match=r"title\.ratings\.tsv\.gz, line 4: has 3 columns"),
    ):
        list(reader.chunks())


def test_columns_that_were_added_are_not_left_out_unasked(tmp_path: Path) -> None:
    path, _ = written(tmp_path, replace(RATINGS, columns=(*RATINGS.columns, "likes")), [])

    with pytest.raises(UnexpectedContent, match="added: 'likes' as column 4"):
        SnapshotReader(path, RATINGS)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "expected a gzip file, found an empty file."),
        (b" <HTML>\xff\n", "expected a gzip file, found an HTML page beginning '<HTML>\ufffd'."),
        (b"<!DOCTYPE x>", "expected a gzip file, found an HTML page beginning '<!DOCTYPE x>'."),
        (b"x" * 600, f"expected a gzip file, found text beginning {'x' * 60!r}."),
        (b"PK\x03\x04", "expected a gzip file, found text beginning 'PK\\x03\\x04'."),
        (packed(b"")[:-1], "the gzip stream breaks in the first line: "),
        (packed(b"\n"), "the first line is empty, where the header of title.ratings has to be."),
        (
            packed(b"x\xff" * 9000),
            "the first line is longer than 4,096 bytes and no header: it begins "
            "'" + "x\ufffd" * 30 + "'. Nothing was replaced.",
        ),
    ],
)
def test_what_is_no_snapshot_is_told_by_its_beginning(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / RATINGS.file_name
    path.write_bytes(content)

    with pytest.raises((DamagedFile, UnexpectedContent)) as caught:
        SnapshotReader(path, RATINGS)

    assert str(caught.value).startswith(f"title.ratings.tsv.gz: {said}")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DamagedFile, match=r"ratings\.tsv\.gz: is not there\. Fetch it again"):
        SnapshotReader(tmp_path / RATINGS.file_name, RATINGS)


def test_zeros_behind_the_stream_are_part_of_the_file(tmp_path: Path) -> None:
    path, _ = written(tmp_path, RATINGS, THREE_ROWS)
    path.write_bytes(path.read_bytes() + b"\0" * 512)

    facts = inspect(path, RATINGS)

    assert (facts.rows, facts.sha256) == (3, sha256_of(path))


@pytest.mark.parametrize("before", [0, 1, CHUNK])
def test_a_byte_that_cannot_be_loaded_is_told_with_its_line(tmp_path: Path, before: int) -> None:
    good = b"tt1\t5.7\t210\n"
    lines = before // len(good)
    path, _ = written(tmp_path, RATINGS, body=good * lines + b"tt\b1\t5.7\t210\n" + good)

    with pytest.raises(UnexpectedContent, match=rf"line {lines + 2}: holds the control byte 0x08"):
        inspect(path, RATINGS)


def test_the_control_byte_of_akas_is_no_fault(tmp_path: Path) -> None:
    path, _ = written(tmp_path, RATINGS, body=b"tt1\t\x02\x01\x7f\t210\n")

    assert inspect(path, RATINGS).rows == 1


@pytest.mark.parametrize("content", [b"", b"<html>", packed(b"wrong\n"), packed(b"")[:-1]])
def test_a_reader_that_fails_to_open_leaves_no_file_open(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "title.ratings.tsv.gz"
    path.write_bytes(content)

    with pytest.raises((DamagedFile, UnexpectedContent)) as caught:
        SnapshotReader(path, RATINGS)

    # The traceback still holds the reader, so nobody else has closed its file.
    assert caught.tb is not None
    assert open_files(tmp_path) == []


def test_a_message_never_holds_more_than_a_bit_of_the_page(tmp_path: Path) -> None:
    path = tmp_path / "title.ratings.tsv.gz"
    path.write_bytes(b"<html>" + b"x" * 100_000)

    with pytest.raises(DamagedFile) as caught:
        inspect(path, RATINGS)
    assert len(str(caught.value)) < 400


def test_what_python_packs_is_read(tmp_path: Path) -> None:
    path = tmp_path / "title.ratings.tsv.gz"
    with gzip.open(path, "wb") as file:
        file.write(plain(RATINGS, THREE_ROWS))

    assert inspect(path, RATINGS).rows == 3
