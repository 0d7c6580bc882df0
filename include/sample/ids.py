"""Identifiers in the order in which the real files hold them: as text.

Ids have seven or eight digits, so text order is not number order (tt10000012 is before tt1000002).
Read as the decimals of a fraction, 0.10000012 and 0.1000002, text order is the order of the
fractions. The sample is therefore cut into windows of that fraction: all ids of one window sort
before all ids of the next, whatever their lengths, and one window is made at a time.
"""

from include.sample.randomness import Draw

KEYS = 100_000_000  # fractions are counted in hundred-millionths: eight digits
_STEP = 10  # a seven-digit id is a multiple of ten; windows begin and end on one
_EIGHT_DIGITS = range(10_000_000, 40_000_000)  # as today: eight digits begin with 1, 2 or 3
_EIGHT_SHARE = 0.7

# How the ids spread: today most of them begin with 1, 2 or 3, where both lengths exist.
_SHARES = (0, 4, 79, 100)
_BOUNDS = (0, 10_000_000, 40_000_000, KEYS)


def window_keys(window: int, windows: int) -> range:
    """Return the keys that belong to the window (`window` of `windows`, from 0)."""
    return range(_key_at(window, windows), _key_at(window + 1, windows))


def _key_at(part: int, parts: int) -> int:
    for low, high, start, end in zip(_SHARES, _SHARES[1:], _BOUNDS, _BOUNDS[1:], strict=False):
        if part * 100 <= high * parts:
            inside = (part * 100 - low * parts) * (end - start) // ((high - low) * parts)
            return (start + inside) // _STEP * _STEP
    raise ValueError(f"part {part} of {parts} is outside the key space")


class IdAllocator:
    """Allocates the ids of one window, each only once, also on later days."""

    def __init__(self, prefix: str, keys: range) -> None:
        """`prefix` is tt or nm."""
        self._prefix = prefix
        self._keys = keys
        self._taken: set[str] = set()

    def spread(self, count: int, draw: Draw) -> list[str]:
        """Return `count` ids spread evenly over the window, in number order of their keys."""
        size = len(self._keys)
        return [
            self._take((place * size + int(draw() * size)) // count, draw) for place in range(count)
        ]

    def one(self, draw: Draw) -> str:
        """Return one more id, anywhere in the window."""
        return self._take(int(draw() * len(self._keys)), draw)

    def _take(self, offset: int, draw: Draw) -> str:
        eight = draw() < _EIGHT_SHARE
        found = self._next(offset, eight) or self._next(offset, not eight)
        if found is None:
            raise ValueError(f"no free id left among the keys {self._keys}")
        self._taken.add(found)
        return self._prefix + found

    def _next(self, offset: int, eight: bool) -> str | None:
        size = len(self._keys)
        for tried in range(0, size, 1 if eight else _STEP):
            key = self._keys[(offset + tried) % size]
            long = eight and key in _EIGHT_DIGITS
            digits = f"{key:08d}" if long else f"{key // _STEP:07d}"
            if digits not in self._taken and digits != "0000000":
                return digits
        return None


def dangling_id(prefix: str, draw: Draw) -> str:
    """Return an id that no row has: eight digits that begin with 9 are never allocated."""
    return f"{prefix}{90_000_000 + int(draw() * 9_999_999)}"
