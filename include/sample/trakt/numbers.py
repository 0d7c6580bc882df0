"""Trakt's numbers: each is computed from the sample's id and back, so there is no table of them."""

from include.sample.ids import KEYS

_FACTORS = {
    "movie": 22_695_477 * 4 + 1,
    "show": 22_695_477 * 4 + 1,
    "season": 69_069 * 4 + 1,
    "episode": 1_103_515 * 4 + 1,
}
_STEP = 777


class TraktNumbers:
    """The ids of one sample. Movies and shows share numbers, as they do at Trakt."""

    def __init__(self, shift: int) -> None:
        """`shift` moves the shows' numbers: one of them gets the number of some movie."""
        self._shifts = dict.fromkeys(_FACTORS, 0) | {"show": shift}
        self._back = {kind: pow(factor, -1, KEYS) for kind, factor in _FACTORS.items()}

    def of(self, kind: str, tconst: str) -> int:
        """Return Trakt's number of a title. A season has that of its first episode's tconst."""
        number = int(tconst[2:]) + self._shifts[kind]
        return (number * _FACTORS[kind] + _STEP) % KEYS + 1

    def back(self, kind: str, number: int) -> str | None:
        """Return the tconst of the number, which need not exist; None for no such number."""
        if not 1 <= number <= KEYS:
            return None
        digits = (number - 1 - _STEP) * self._back[kind] % KEYS
        return f"tt{(digits - self._shifts[kind]) % KEYS:07d}"
