"""The comparison of two files: what it yields turns the old one into the new one, or it refuses."""

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warehouse.raw.delta import Difference, NotComparable, differences

Line = bytes


def chunks(lines: list[Line], size: int) -> Iterator[bytes]:
    """The lines as chunks of `size` lines."""
    for start in range(0, len(lines), size):
        yield b"".join(line + b"\n" for line in lines[start : start + size])


def compared(
    old: list[Line], new: list[Line], *, key_columns: int = 1, sizes: tuple[int, int] = (3, 4)
) -> list[Difference]:
    found = differences(chunks(old, sizes[0]), chunks(new, sizes[1]), key_columns=key_columns)
    return list(found)


def applied(old: list[Line], found: list[Difference]) -> Counter[Line]:
    """The old lines without those that left and with those that came."""
    lines = Counter(old)
    lines.subtract(line for line, _ in found if line is not None)
    assert min(lines.values(), default=0) >= 0, "a line left that was not there"
    lines.update(line for _, line in found if line is not None)
    return +lines


def key_of(line: Line, columns: int) -> tuple[bytes, ...]:
    return tuple(line.split(b"\t")[:columns])


# Few ids and few values, so that two files have much in common; some ids are beginnings of others.
_IDS = st.sampled_from([b"tt%d" % number for number in (1, 2, 10, 11, 12, 100, 1000, 12345)])
_ODD = st.sampled_from(
    [b"", rb"\N", b'"', b"\\", b"\x02", b"\xff\xfe", b"Stra\xc3\x9fe", b"a" * 300]
)
_ONE_KEY = st.dictionaries(_IDS, _ODD, max_size=8).map(
    lambda rows: [b"%b\t%b\tx" % row for row in sorted(rows.items())]
)
_ORDERINGS = st.integers(1, 30).map(lambda number: b"%d" % number)


@st.composite
def _two_keys(draw: st.DrawFn) -> list[Line]:
    """A sorted file with two key columns; inside a title in any order."""
    titles = draw(st.dictionaries(_IDS, st.dictionaries(_ORDERINGS, _ODD, min_size=1), max_size=6))
    return [
        b"%b\t%b\t%b" % (title, ordering, titles[title][ordering])
        for title in sorted(titles)
        for ordering in draw(st.permutations(sorted(titles[title])))
    ]


_SIZES = st.tuples(st.integers(1, 9), st.integers(1, 9))


@given(_ONE_KEY, _ONE_KEY, _SIZES)
def test_any_two_sorted_files_are_told_apart(
    old: list[Line], new: list[Line], sizes: tuple[int, int]
) -> None:
    found = compared(old, new, sizes=sizes)

    assert applied(old, found) == Counter(new)
    before = {key_of(line, 1): line for line in old}
    after = {key_of(line, 1): line for line in new}
    differing = sorted(key for key in before | after if before.get(key) != after.get(key))
    assert found == [(before.get(key), after.get(key)) for key in differing]


@given(_two_keys(), _two_keys(), _SIZES)
def test_the_order_inside_a_title_does_not_matter(
    old: list[Line], new: list[Line], sizes: tuple[int, int]
) -> None:
    found = compared(old, new, key_columns=2, sizes=sizes)

    before = {key_of(line, 2): line for line in old}
    after = {key_of(line, 2): line for line in new}
    differing = {key for key in before | after if before.get(key) != after.get(key)}
    assert len(found) == len(differing)
    assert set(found) == {(before.get(key), after.get(key)) for key in differing}


_ANY_LINE = st.builds(lambda *fields: b"\t".join(fields), _IDS | _ODD, _ORDERINGS, _ODD)
_ANY_FILE = st.lists(_ANY_LINE | st.sampled_from([b"", b"tt1", b"tt1\t1", b"\t\t"]), max_size=12)


@given(_ANY_FILE, _ANY_FILE, st.integers(1, 2), _SIZES)
def test_a_file_like_none_that_should_be_is_told_right_or_refused(
    old: list[Line], new: list[Line], key_columns: int, sizes: tuple[int, int]
) -> None:
    try:
        found = compared(old, new, key_columns=key_columns, sizes=sizes)
    except NotComparable:
        return
    assert applied(old, found) == Counter(new)
    keys = [key_of(line, key_columns) for pair in found for line in pair[:1] or pair[1:] if line]
    assert len(keys) == len(set(keys)), "a key shows up once"
    for left, came in found:
        assert left is None or came is None or left != came
        assert (
            left is None or came is None or key_of(left, key_columns) == key_of(came, key_columns)
        )


@given(st.integers(0, 5000), st.integers(0, 1), st.integers(1, 2000))
def test_one_byte_is_found_wherever_it_is(at: int, in_old: int, chunk: int) -> None:
    lines = [b"tt%07d\t%d\tsome text" % (number, number % 7) for number in range(5001)]
    other = [*lines[:at], lines[at] + b"!", *lines[at + 1 :]]
    old, new = (other, lines) if in_old else (lines, other)

    assert compared(old, new, sizes=(chunk, 1000)) == [(old[at], new[at])]


def test_a_file_against_none() -> None:
    lines = [b"tt1\ta", b"tt2\tb"]

    assert compared(lines, []) == [(line, None) for line in lines]
    assert compared([], lines) == [(None, line) for line in lines]
    assert compared([], []) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ([b"tt2\ta", b"tt1\ta"], [b"tt2\tb", b"tt1\tb"], "not sorted: 'tt1' after 'tt2'"),
        ([b"tt2\ta", b"tt1\ta"], [b"tt3\ta"], "not sorted"),
        ([b"tt1\ta", b"tt1\tb"], [b"tt1\tc"], "a key is there twice"),
        ([b"tt1\ta", b"tt1\ta"], [b"tt1\tc"], "a key is there twice"),
        ([b"tt1\tc"], [b"tt1\ta", b"tt1\ta"], "a key is there twice"),
        ([b"tt1\ta", b"tt1\ta", b"tt1\tb"], [b"tt1\tb", b"tt1\ta"], "a line is there twice"),
        ([b"tt1\tc"], [b"tt1\tc", b"tt2\ta", b"tt1\ta"], "not sorted"),
        ([b"tt1\tc"], [rb"\N" + b"\ta"], "a key is not there"),
        ([b"tt1\tc"], [b"tt2"], "the newer file has a line that does not begin with a key"),
        ([b""], [b"tt2\ta"], "the older file has a line that does not begin with a key"),
        ([b"\ta"], [b"tt2\ta"], "the older file has a line that does not begin with a key"),
    ],
)
def test_what_cannot_be_compared_says_why(old: list[Line], new: list[Line], said: str) -> None:
    with pytest.raises(NotComparable, match=said):
        compared(old, new, sizes=(100, 100))


def test_a_chunk_that_begins_before_the_last_one_is_seen() -> None:
    lines = [b"tt3\ta", b"tt2\ta"]

    with pytest.raises(NotComparable, match=r"older file is not sorted: 'tt2' is .* after 'tt3'"):
        compared(lines, lines, sizes=(1, 1))


def test_a_second_key_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(NotComparable, match="a key is not there"):
        compared([b"tt1\t1\ta"], [b"tt1\t"[:-1] + b"\t\\N\ta"], key_columns=2)


def test_a_title_without_end_is_not_kept_in_memory() -> None:
    def endless() -> Iterator[bytes]:
        number = 0
        while True:
            number += 1
            yield b"".join(b"tt1\t%d\t%b\n" % (number, b"x" * 1000) for _ in range(1000))

    with pytest.raises(NotComparable, match="the newer file has too many lines of 'tt1'"):
        list(differences(iter([b"tt1\t0\ta\n"]), endless(), key_columns=2))


def test_as_many_lines_of_one_title_as_are_held_may_stand_anywhere() -> None:
    before = [b"tt1\t0\t%b\n" % (b"y" * (5 << 20))]
    line = b"tt2\t%d\t%b"
    large = [line % (number, b"x" * 7_000) for number in range(1_000)]
    other = [*large[:-1], line % (999, b"z" * 7_000)]
    old, new = (
        [b"".join(before) + b"".join(one + b"\n" for one in lines)] for lines in (large, other)
    )

    assert list(differences(old, new, key_columns=2)) == [(large[-1], other[-1])]


def test_a_key_in_a_message_is_short_and_can_be_shown() -> None:
    long = b"tt\xff" + b"9" * 60
    with pytest.raises(NotComparable) as refused:
        compared([long + b"\ta", b"tt1\ta"], [long + b"\tb", b"tt1\tb"])

    assert str(refused.value).startswith("not sorted: 'tt1' after 'tt\ufffd" + "9" * 37 + "',")


def test_words_in_a_key_are_one_key() -> None:
    found = compared([b"tt1\t1 a\tx"], [b"tt1\t1 b\tx"], key_columns=2)

    assert sorted(found, key=str) == sorted(
        [(b"tt1\t1 a\tx", None), (None, b"tt1\t1 b\tx")], key=str
    )


def test_a_line_twice_in_the_older_file_alone_is_refused() -> None:
    with pytest.raises(NotComparable, match="a line is there twice: 'tt1"):
        compared([b"tt1\ta", b"tt1\tb", b"tt1\tb"], [b"tt1\tb"])
