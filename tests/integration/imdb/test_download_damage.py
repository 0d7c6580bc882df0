"""What arrives is not the file: the message says what it is, and the old file stays."""

import gzip
import itertools
from dataclasses import replace

import pytest

from imdb_pipeline.config import dataset_named
from imdb_pipeline.inspection import inspect
from tests.support.downloads import Workbench
from tests.support.snapshots import ODD_ROWS, RATINGS, THREE_ROWS, plain, snapshot
from tests.support.source import Answer, FaultySource, file, good_server, packed
from warehouse.errors import DamagedFile, PipelineError, UnexpectedContent
from warehouse.http.cache import CacheEntry
from warehouse.raw.dataset import Dataset

OLD = snapshot(RATINGS, THREE_ROWS)
LONG_ROWS = [(f"tt{number:07d}", "5.7", str(number * 7919 % 9973)) for number in range(3_000)]
LONG = snapshot(RATINGS, LONG_ROWS)


@pytest.fixture
def kept(workbench: Workbench, source: FaultySource) -> CacheEntry:
    """The old file is there; what comes next is damaged."""
    source.answers(file(OLD, etag='"old"'))
    return workbench.download().entry


def refused(
    workbench: Workbench,
    source: FaultySource,
    kept: CacheEntry,
    answer: Answer,
    kind: type[Exception],
) -> str:
    """Download once; return the message after making sure that nothing happened to the old file."""
    source.always(answer)
    with pytest.raises(kind) as caught:
        workbench.download()
    assert workbench.path.read_bytes() == OLD
    assert workbench.cache.valid_entry(RATINGS) == kept
    assert workbench.files == {"title.ratings.tsv.gz"}, "a part that is bad is thrown away"
    message = str(caught.value)
    assert message.startswith(f"{source.url}/title.ratings.tsv.gz: ")
    assert "title.ratings.tsv.gz" in message
    assert "The file that was there before is kept." in message
    return message


def flipped(content: bytes, at: int, bit: int = 0) -> bytes:
    """The bytes with one bit turned over."""
    changed = bytearray(content)
    changed[at] ^= 1 << bit
    return bytes(changed)


@pytest.mark.parametrize("length", [True, False])
def test_a_body_cut_short(
    workbench: Workbench, source: FaultySource, kept: CacheEntry, length: bool
) -> None:
    short = replace(file(LONG[: len(LONG) // 2]), length=length)

    message = refused(workbench, source, kept, short, DamagedFile)

    assert "the gzip stream is not whole after" in message
    assert f"({len(LONG) // 2:,} of {len(LONG) // 2:,} bytes)" in message
    assert len(workbench.pauses) == 2, "it may be whole the next time"


def test_a_body_cut_short_is_fetched_whole_the_next_time(
    workbench: Workbench, source: FaultySource, kept: CacheEntry
) -> None:
    source.answers(file(LONG[:-1]), good_server(LONG))

    assert workbench.download().fetched_bytes == len(LONG)
    assert source.requests[2].headers["Range"] is None


def test_an_html_page(workbench: Workbench, source: FaultySource, kept: CacheEntry) -> None:
    page = Answer(body=b"\n<!DOCTYPE html><html><body>Sorry!</body></html>")

    message = refused(workbench, source, kept, page, DamagedFile)

    assert "expected a gzip file, found an HTML page beginning '<!DOCTYPE html>" in message


def test_plain_text(workbench: Workbench, source: FaultySource, kept: CacheEntry) -> None:
    message = refused(workbench, source, kept, file(plain(RATINGS, THREE_ROWS)), DamagedFile)

    assert "expected a gzip file, found text beginning 'tconst" in message


def test_an_empty_body(workbench: Workbench, source: FaultySource, kept: CacheEntry) -> None:
    message = refused(workbench, source, kept, file(b""), DamagedFile)

    assert "found an empty file" in message


def test_a_wrong_checksum(workbench: Workbench, source: FaultySource, kept: CacheEntry) -> None:
    message = refused(workbench, source, kept, file(flipped(LONG, -8)), DamagedFile)

    assert "CRC" in message


def test_a_wrong_length_at_the_end(
    workbench: Workbench, source: FaultySource, kept: CacheEntry
) -> None:
    message = refused(workbench, source, kept, file(flipped(LONG, -1)), DamagedFile)

    assert "length" in message


def test_a_flipped_bit(workbench: Workbench, source: FaultySource, kept: CacheEntry) -> None:
    message = refused(workbench, source, kept, file(flipped(LONG, len(LONG) // 2)), DamagedFile)

    assert "gzip stream is not whole" in message


def test_a_flipped_bit_in_the_first_line(
    workbench: Workbench, source: FaultySource, kept: CacheEntry
) -> None:
    message = refused(workbench, source, kept, file(flipped(OLD, 10, 1)), PipelineError)

    assert "title.ratings.tsv.gz.part: the gzip stream breaks in the first line" in message


def test_text_after_the_gzip_stream(
    workbench: Workbench, source: FaultySource, kept: CacheEntry
) -> None:
    message = refused(workbench, source, kept, file(LONG + b"<html>"), DamagedFile)

    assert "gzip stream is not whole" in message


def test_only_a_header(workbench: Workbench, source: FaultySource, kept: CacheEntry) -> None:
    for end in (b"\n", b""):
        body = file(packed(plain(RATINGS, [], end=end)))

        message = refused(workbench, source, kept, body, DamagedFile)

        assert "has the header of title.ratings but not a single row" in message


def test_nothing_inside_the_gzip(
    workbench: Workbench, source: FaultySource, kept: CacheEntry
) -> None:
    message = refused(workbench, source, kept, file(packed(b"")), UnexpectedContent)

    assert "the first line is empty, where the header of title.ratings has to be" in message


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("tconst\taverageRating\tnumVotes\tnumLikes", "added: 'numLikes' as column 4"),
        ("tconst\taverageRating", "removed: numVotes, column 3"),
        ("tconst\taverageRating\tvotes", "renamed: numVotes, column 3, is now 'votes'"),
        ("tconst\tnumVotes\taverageRating", "moved: "),
        ("tconst\ttconst\taverageRating\tnumVotes", "added: 'tconst' as column"),
        ("x" * 100, f"added: '{'x' * 40}' as column 1"),
    ],
)
def test_another_header(
    workbench: Workbench, source: FaultySource, kept: CacheEntry, header: str, said: str
) -> None:
    body = file(packed(f"{header}\ntt0000001\t5.7\t210\n".encode()))

    message = refused(workbench, source, kept, body, UnexpectedContent)

    assert "the header is not that of title.ratings: " in message
    assert said in message
    assert "imdb_pipeline/config.py" in message
    assert workbench.pauses == [], "asking again cannot help"


def test_the_file_of_another_dataset(
    workbench: Workbench, source: FaultySource, kept: CacheEntry
) -> None:
    crew = dataset_named("title.crew")

    message = refused(
        workbench, source, kept, file(snapshot(crew, ODD_ROWS["title.crew"])), UnexpectedContent
    )

    assert "the header is not that of title.ratings but that of title.crew" in message


@pytest.mark.parametrize(
    ("byte", "said"),
    [(b"\b", "the control byte 0x08"), (b"\r", "a carriage return"), (b"\0", "a NUL byte")],
)
def test_a_byte_that_cannot_be_loaded_is_told_with_its_line(
    workbench: Workbench, source: FaultySource, kept: CacheEntry, byte: bytes, said: str
) -> None:
    lines = plain(RATINGS, LONG_ROWS).splitlines(keepends=True)
    lines[2500] = b"tt0000001\t5.7" + byte + b"\t210\n"

    message = refused(workbench, source, kept, file(packed(b"".join(lines))), UnexpectedContent)

    assert f"title.ratings.tsv.gz.part, line 2501: holds {said}" in message


def test_no_flipped_bit_and_no_cut_passes_for_the_file(workbench: Workbench) -> None:
    """Whatever is done to a file, it is refused in our words, or its rows are the same."""
    workbench.path.parent.mkdir()
    text = gzip.decompress(OLD)
    flips = (flipped(OLD, at, bit) for at in range(len(OLD)) for bit in range(8))
    cuts = (OLD[:end] for end in range(len(OLD)))
    for content in itertools.chain(flips, cuts):
        workbench.path.write_bytes(content)
        try:
            facts = inspect(workbench.path, RATINGS)
        except (DamagedFile, UnexpectedContent):
            continue
        assert facts.rows == 3
        assert facts.bytes == len(content)
        assert gzip.decompress(content) == text


def test_every_dataset_is_downloaded(workbench: Workbench, source: FaultySource) -> None:
    for name, rows in ODD_ROWS.items():
        dataset: Dataset = dataset_named(name)
        source.answers(file(snapshot(dataset, rows)))
        result = workbench.downloader().download(dataset)
        assert (result.dataset, result.entry.rows) == (name, len(rows))
    assert len(workbench.files) == 7
