"""The check of lines: what is good in any pieces, and word for word what is said of the rest."""

import pytest

from imdb_pipeline.lines import LONGEST_LINE, LineCheck, check_bytes
from warehouse.errors import DamagedFile, UnexpectedContent

LOOK = "Look at the line; the file and the rows that were there before are untouched."
LONG = "x" * 100
OF_TWO = "columns, where the header has 2"
NO_UTF8 = "is not UTF-8: invalid continuation byte"


def said(*pieces: str | bytes, first_line: int = 2) -> str:
    """What is said of a file of two columns."""
    check = LineCheck(2, "some.tsv.gz", first_line)
    with pytest.raises(UnexpectedContent) as caught:
        for piece in pieces:
            check.feed(piece if isinstance(piece, bytes) else piece.encode())
        check.end()
    text = str(caught.value)
    assert text.startswith("some.tsv.gz, line ")
    assert text.endswith(f". {LOOK}")
    return text.removeprefix("some.tsv.gz, line ").removesuffix(f". {LOOK}")


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        (["a\n"], f"2: has 1 {OF_TWO}, and begins 'a'"),
        (["\n"], f"2: has 1 {OF_TWO}, and begins ''"),
        (["a\tb\n", "c\n"], f"3: has 1 {OF_TWO}, and begins 'c'"),
        (["a\tb\nc\td\n1\t2\t3\t4\ne\tf\n"], f"4: has 4 {OF_TWO}, and begins '1\\t2\\t3\\t4'"),
        (["a\tb\n" * 9, "c\td\ne\n"], f"12: has 1 {OF_TWO}, and begins 'e'"),
        (["a\tb\tc", "\td\n"], f"2: has 3 or more {OF_TWO}, and begins 'a\\tb\\tc'"),
        (["a\tb\nc", "\td\te\n"], f"3: has 3 {OF_TWO}"),
        (["a\tb\nc", "\td\te"], f"3: has 3 or more {OF_TWO}"),
        (["a", "\tb", "\tc", "\td\n"], f"2: has 3 or more {OF_TWO}"),
        (["a\tb\n", "c", "d"], f"3: has 1 {OF_TWO}"),
        ([f"a\tb\n{LONG}\n"], f"3: has 1 {OF_TWO}, and begins '{LONG[:60]}'"),
        (["a\tb\n", b"\xff\n"], f"3: has 1 {OF_TWO}, and begins '\ufffd'"),
        ([b"a\tb\n\xc3\tb\n"], f"3: {NO_UTF8} (0xc3)"),
        ([b"a\tb\n\xff\tb\n"], "3: is not UTF-8: invalid start byte (0xff)"),
        ([b"a\tb\xe2\x82", b"\n"], f"2: {NO_UTF8} (0xe2)"),
        ([b"a\tb\xe2", b"\x82", b"\xac\nc\td\xe2"], f"3: {NO_UTF8} (0xe2)"),
        (["a\tb\n" * 70_000, b"a\t\xed\xa0\x80\n"], f"70002: {NO_UTF8} (0xed)"),
        ([b"a\tb\n" * 70_000 + b"a\t\xff\n"], "70002: is not UTF-8: invalid start byte (0xff)"),
        (["\u00e9\tb\n" * 70_000, b"a\t\xff"], "70002: is not UTF-8: invalid start byte (0xff)"),
        (["a\tb\n", "c\td\b\n"], "3: holds the control byte 0x08, which these files never have"),
        (["a\tb\r\n"], "2: holds a carriage return (0x0D), which these files never have"),
        (["a\tb\nc\td\ne\t\0\n"], "4: holds a NUL byte (0x00), which these files never have"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(pieces: list[str | bytes], message: str) -> None:
    assert said(*pieces) == message
    line, colon, rest = message.partition(":")
    assert said(*pieces, first_line=1000) == f"{int(line) + 998}{colon}{rest}"


@pytest.mark.parametrize("pieces", [1, 2, 1000])
def test_a_line_may_be_as_long_as_is_said(pieces: int) -> None:
    check = LineCheck(2, "some.tsv.gz")
    check.feed(b"a\tb\nc\t")
    size, rest = divmod(LONGEST_LINE - 2, pieces)
    for _ in range(pieces):
        check.feed(b"x" * size)
    check.feed(b"x" * rest)
    with pytest.raises(UnexpectedContent) as caught:
        check.feed(b"x")
    assert str(caught.value) == f"some.tsv.gz, line 3: is longer than 16,777,216 bytes. {LOOK}"


def test_what_is_good_is_counted() -> None:
    check = LineCheck(3, "some.tsv.gz")
    for piece in (b"", b"a\t", b"b\t\xc3", b"\xa9\n1\t2", b"\t3\n", b"\t\t\n\xe2\x82\xac\t", b"\t"):
        check.feed(piece)
    assert (check.rows, check.line) == (3, 5)
    with pytest.raises(DamagedFile, match=r"^some\.tsv\.gz, line 5: the last line has no line end"):
        check.end()
    assert (check.rows, check.line) == (4, 6)
    check.end()
    assert check.rows == 4
    check.feed(b"a\tb\tc")
    check.end(accept_unended=True)
    assert (check.rows, check.line) == (5, 7)


def test_the_first_bad_byte_of_a_kind_gives_the_line() -> None:
    with pytest.raises(UnexpectedContent, match=r"^x, line 12: holds a carriage return"):
        check_bytes(b"a\n\nb\r\n\r", 10, "x")
    check_bytes(bytes(sorted(set(range(256)) - set(b"\b\r\0"))), 1, "x")


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
@pytest.mark.parametrize("lines", [[b"id\tname"], [b"1\ta", b"2\tb", b"id\tname", b"3\tc"]])
def test_a_header_that_comes_once_more_is_told_with_its_line(lines: list[bytes], size: int) -> None:
    place = 2 + lines.index(b"id\tname")
    text = b"".join(line + b"\n" for line in lines)
    check = LineCheck(2, "some.tsv.gz", header=b"id\tname")
    with pytest.raises(UnexpectedContent) as caught:
        for start in range(0, len(text), size):
            check.feed(text[start : start + size])
    assert str(caught.value) == (
        f"some.tsv.gz, line {place}: is the header once more: two files in one. {LOOK}"
    )


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_what_only_looks_like_the_header_is_a_row(size: int) -> None:
    text = b"id\tnam\nd\tname\nid\tnaame\nname\tid\n"
    check = LineCheck(2, "some.tsv.gz", header=b"id\tname")
    for start in range(0, len(text), size):
        check.feed(text[start : start + size])
    assert check.rows == 4
