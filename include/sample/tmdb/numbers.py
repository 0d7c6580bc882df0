"""TMDb's numbers: each is computed from the sample's id and back, so no table of them is needed."""

from bisect import bisect_right

from include.sample.ids import KEYS, window_keys
from include.sample.universe import Universe

KINDS = ("movie", "tv", "person")
_FACTORS = {"movie": 1_664_525 * 4 + 1, "tv": 1_664_525 * 4 + 1, "person": 22_695_477 * 4 + 1}
_STEPS = {"movie": 12_345, "tv": 12_345, "person": 54_321}
_EIGHT_DIGITS_FROM = 10_000_000


class TmdbNumbers:
    """The ids of one universe. Movies and shows share numbers, as they do at TMDb."""

    def __init__(self, universe: Universe, shift: int) -> None:
        """`shift` moves the shows' numbers: one of them gets the number of some movie."""
        self._shifts = {"movie": 0, "tv": shift, "person": 0}
        self._back = {kind: pow(factor, -1, KEYS) for kind, factor in _FACTORS.items()}
        windows = universe.windows
        self._starts = [window_keys(window, windows).start for window in range(windows)]

    def of(self, kind: str, sample_id: str) -> int:
        """Return TMDb's number of a tconst or nconst."""
        number = int(sample_id[2:]) + self._shifts[kind]
        return (number * _FACTORS[kind] + _STEPS[kind]) % KEYS + 1

    def back(self, kind: str, number: int) -> str | None:
        """Return the tconst or nconst of the number, which need not exist; None for no such id."""
        if not 1 <= number <= KEYS:
            return None
        digits = (number - 1 - _STEPS[kind]) * self._back[kind] % KEYS
        digits = (digits - self._shifts[kind]) % KEYS
        prefix = "nm" if kind == "person" else "tt"
        return f"{prefix}{digits:07d}"

    def window_of(self, sample_id: str) -> int:
        """Return the window that the sample's id belongs to."""
        digits = int(sample_id[2:])
        key = digits if digits >= _EIGHT_DIGITS_FROM else digits * 10
        return bisect_right(self._starts, key) - 1
