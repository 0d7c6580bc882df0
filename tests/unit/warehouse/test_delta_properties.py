"""Any two files, cut into any chunks: what differs turns the one into the other, or is refused."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from tests.support.properties import examples
from warehouse.raw.delta import Difference, NotComparable, differences

Line = bytes
Key = tuple[bytes, ...]

# Any text of a field, and what stands for other things elsewhere.
FIELDS = st.one_of(
    st.sampled_from(["", r"\N", r"\.", '"', "\x02", "Straße", "ガラス", "x" * 600]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\n\r\0\b"), max_size=6),
).map(str.encode)
# Ids that are beginnings of others, with bytes below and above those of a digit behind them.
FIRSTS = st.one_of(
    st.integers(0, 12).map(lambda length: b"tt" + b"1" * length),
    st.integers(1, 40).map(lambda number: b"tt%d" % number),
    st.builds(lambda text: b"nm" + text.encode(), st.text("1!~é ", max_size=3)),
)
SECONDS = st.integers(1, 12).map(lambda number: b"%d" % number)


def key_of(line: Line, columns: int) -> Key:
    return tuple(line.split(b"\t")[:columns])


@st.composite
def files(draw: st.DrawFn, columns: int) -> tuple[list[Line], list[Line]]:
    """Two files with much in common: the newer one is the older one, edited here and there."""
    keys = st.tuples(FIRSTS) if columns == 1 else st.tuples(FIRSTS, SECONDS)
    older = draw(st.dictionaries(keys, FIELDS, max_size=25))
    touched = draw(
        st.dictionaries(st.sampled_from(sorted(older)) if older else keys, FIELDS | st.none())
    )
    came = draw(st.dictionaries(keys, FIELDS, max_size=4))
    newer = {key: value for key, value in {**came, **older, **touched}.items() if value is not None}
    return in_order(older), in_order(newer)


def in_order(rows: dict[Key, bytes]) -> list[Line]:
    """Sorted by the first column as bytes, as IMDb does; inside a title as numbers would be."""
    by_title = sorted(rows.items(), key=lambda row: (row[0][0], *map(len, row[0][1:]), row[0]))
    return [b"\t".join([*key, value, b"the same everywhere"]) for key, value in by_title]


@st.composite
def cut(draw: st.DrawFn, lines: list[Line]) -> list[bytes]:
    """The lines as chunks, cut between any two."""
    places = sorted(draw(st.sets(st.integers(0, len(lines)), max_size=6)))
    edges = [0, *places, len(lines)]
    return [
        b"".join(line + b"\n" for line in lines[start:stop])
        for start, stop in pairwise(edges)
        if start < stop
    ]


def applied(old: list[Line], found: list[Difference]) -> Counter[Line]:
    """The lines of `old` without those that leave and with those that come."""
    lines = Counter(old)
    for leaves, comes in found:
        if leaves is not None:
            assert lines[leaves] > 0, "a line leaves that is not there"
            lines[leaves] -= 1
        if comes is not None:
            lines[comes] += 1
    return +lines


def of_one_key(found: list[Difference], columns: int) -> Iterator[Key]:
    """The key of each difference; both its lines have the same, and are not the same."""
    for leaves, comes in found:
        keys = {key_of(line, columns) for line in (leaves, comes) if line is not None}
        assert len(keys) == 1
        assert leaves != comes
        yield keys.pop()


@pytest.mark.parametrize("columns", [1, 2])
@examples(250)
@given(data=st.data())
def test_what_differs_turns_the_older_file_into_the_newer(
    columns: int, data: st.DataObject
) -> None:
    old, new = data.draw(files(columns))

    found = list(differences(data.draw(cut(old)), data.draw(cut(new)), key_columns=columns))

    assert applied(old, found) == Counter(new)
    keys = list(of_one_key(found, columns))
    assert len(keys) == len(set(keys)), "a key is there twice"
    assert [key[0] for key in keys] == sorted(key[0] for key in keys)
    # No more than has to be: a line that is in both files is in no difference.
    touched = {line for pair in found for line in pair if line is not None}
    assert not touched & set(old) & set(new)


@pytest.mark.parametrize("columns", [1, 2])
@examples(250)
@given(data=st.data())
def test_files_out_of_order_or_with_a_key_twice_are_told_right_or_refused(
    columns: int, data: st.DataObject
) -> None:
    old, new = data.draw(files(columns))
    for lines in (old, new):
        for spoil in data.draw(st.lists(st.sampled_from(["swap", "double", "null"]), max_size=2)):
            if not lines:
                continue
            at = data.draw(st.integers(0, len(lines) - 1))
            if spoil == "swap":
                lines.append(lines.pop(at))
            elif spoil == "double":
                lines.insert(at, lines[at] + data.draw(st.sampled_from([b"", b"!"])))
            else:
                lines[at] = rb"\N" + lines[at]
    try:
        found = list(differences(data.draw(cut(old)), data.draw(cut(new)), key_columns=columns))
    except NotComparable as refused:
        event(str(refused).split(":")[0])
        return
    event("compared")
    assert applied(old, found) == Counter(new)
    keys = list(of_one_key(found, columns))
    assert len(keys) == len(set(keys)), "a key is there twice"


@examples(60)
@given(st.data())
def test_a_file_does_not_differ_from_itself_however_it_is_cut(data: st.DataObject) -> None:
    old, _ = data.draw(files(2))

    assert list(differences(data.draw(cut(old)), data.draw(cut(old)), key_columns=2)) == []
