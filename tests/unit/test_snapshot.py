"""The reader of a snapshot: what it hands on, counts and hashes, and how it lets go of the file."""

import gzip
import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdb_pipeline.inspection import inspect
from imdb_pipeline.snapshot import CHUNK, SnapshotReader, sha256_of
from tests.support.files import open_files
from tests.support.snapshots import RATINGS, THREE_ROWS, plain, written
from tests.support.source import packed
from warehouse.errors import DamagedFile, UnexpectedContent


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
