r"""What differs between two snapshots of one dataset: the lines that came, left or changed.

Pure: bytes in, bytes out, in one pass over both files and with little memory. It rests on the files
being sorted by their first column as bytes; inside one value of it (a title) lines may be in any
order, which sources have changed before. Where a file is not like that the pass stops with
`NotComparable`, and Postgres has to compare.
"""

from collections.abc import Iterable, Iterator

# A line that left, one that came, or both: the same key before and after. Without newlines.
Difference = tuple[bytes | None, bytes | None]

# Equal text is compared in blocks: the first is small, since changes come in clusters; the largest
# fits into a core's own cache.
_FIRST_BLOCK = 256
_LARGEST_BLOCK = 1 << 16
# The largest titles have a few thousand lines. More is no title, and would have to be in memory.
_LARGEST_GROUP = 8 << 20
_TAB, _NEWLINE, _NULL = b"\t", b"\n", rb"\N"


class NotComparable(Exception):
    """The two files cannot be compared in one pass; the message says why."""


def differences(
    old: Iterable[bytes], new: Iterable[bytes], *, key_columns: int
) -> Iterator[Difference]:
    """Yield what has to leave `old` and to come for it to hold the lines of `new`.

    Both are chunks of whole lines, each ending with a newline. `key_columns` is how many of the
    leading columns are the key. Each key is yielded at most once, in the order of the files. Raises
    `NotComparable` where a file turns out not to be sorted or a key not to be unique or null.

    What is yielded is right as sets of lines whatever the order of the files, since equal text is
    passed over on both sides and all else is yielded. Sorting is needed for each key to show up
    once only: hence the check that the groups looked at ascend.
    """
    before, after = _Side(old, "older"), _Side(new, "newer")
    looked_at: bytes | None = None
    while True:
        in_old, in_new = before.more(), after.more()
        if not (in_old or in_new):
            return
        if in_old and in_new and _pass_over_equal(before, after):
            continue
        first = before.first_key() if in_old else None
        other = after.first_key() if in_new else None
        group = min(key for key in (first, other) if key is not None)
        if looked_at is not None and group <= looked_at:
            raise NotComparable(
                f"not sorted: {_shown(group)} after {_shown(looked_at)}, where the files differ"
            )
        looked_at = group
        yield from _compared(
            before.take(group) if first == group else [],
            after.take(group) if other == group else [],
            key_columns,
        )


class _Side:
    """One of the two files: a chunk of it, and how far it is used up."""

    def __init__(self, chunks: Iterable[bytes], name: str) -> None:
        self.text = b""
        self.at = 0
        self.name = name
        self._chunks = iter(chunks)
        self._chunk_key = b""

    def more(self) -> bool:
        """Whether there is a line at `at`; gets the next chunk where this one is used up."""
        while self.at == len(self.text):
            chunk = next(self._chunks, None)
            if chunk is None:
                return False
            self.text, self.at = chunk, 0
            key = self.first_key()
            if key < self._chunk_key:
                raise NotComparable(
                    f"the {self.name} file is not sorted: {_shown(key)} is somewhere after "
                    f"{_shown(self._chunk_key)}"
                )
            self._chunk_key = key
        return True

    def first_key(self) -> bytes:
        """The first column of the line at `at`."""
        key = self.text[self.at : max(0, self.text.find(_TAB, self.at))]
        if not key or _NEWLINE in key:
            raise NotComparable(f"the {self.name} file has a line that does not begin with a key")
        return key

    def take(self, first_key: bytes) -> list[bytes]:
        """Use up the lines from `at` on that have this first column, and return them."""
        lines: list[bytes] = []
        size, begin = 0, first_key + _TAB
        while self.more():
            text, end = self.text, self.at
            while text.startswith(begin, end):
                end = text.index(_NEWLINE, end) + 1
            lines += text[self.at : end].split(_NEWLINE)[:-1]
            size += end - self.at
            if size > _LARGEST_GROUP:
                raise NotComparable(
                    f"the {self.name} file has too many lines of {_shown(first_key)}"
                )
            self.at = end
            if end < len(text):
                break
        return lines


def _pass_over_equal(before: _Side, after: _Side) -> bool:
    """Move both to the first lines that differ; return whether there are none in these chunks."""
    old, new, start, other = before.text, after.text, before.at, after.at
    shift = other - start
    end = start + min(len(old) - start, len(new) - other)
    at, size = start, _FIRST_BLOCK
    while at < end:
        stop = at + size if at + size < end else end
        if old[at:stop] != new[at + shift : stop + shift]:
            break
        at = stop
        size = 2 * size if size < _LARGEST_BLOCK else size
    else:
        before.at, after.at = end, end + shift
        return True
    while stop - at > _FIRST_BLOCK:  # the first difference is in here
        middle = (at + stop) // 2
        if old[at:middle] == new[at + shift : middle + shift]:
            at = middle
        else:
            stop = middle
    # The first bit set where the bytes, read as one number, are not the same.
    unlike = int.from_bytes(old[at:stop]) ^ int.from_bytes(new[at + shift : stop + shift])
    at = stop - (unlike.bit_length() + 7) // 8
    line = max(start, old.rfind(_NEWLINE, start, at) + 1)
    before.at, after.at = line, line + shift
    return False


def _compared(old: list[bytes], new: list[bytes], key_columns: int) -> Iterator[Difference]:
    """What differs between the lines of one first column."""
    have, want = frozenset(old), frozenset(new)
    left = _by_key([line for line in old if line not in want], key_columns)
    came = _by_key([line for line in new if line not in have], key_columns)
    if len(have) < len(old) or len(want) < len(new):
        raise NotComparable(f"a line is there twice: {_shown(next(iter(have or want)))}")
    for key, line in left.items():
        yield line, came.pop(key, None)
    for line in came.values():
        yield None, line


def _by_key(lines: list[bytes], key_columns: int) -> dict[tuple[bytes, ...], bytes]:
    found: dict[tuple[bytes, ...], bytes] = {}
    for line in lines:
        key = tuple(line.split(_TAB, key_columns)[:key_columns])
        if key in found:
            raise NotComparable(f"a key is there twice: {_shown(line)}")
        if len(key) < key_columns or _NULL in key:
            raise NotComparable(f"a key is not there: {_shown(line)}")
        found[key] = line
    return found


def _shown(text: bytes) -> str:
    return repr(text[:40].decode("utf-8", "replace"))
