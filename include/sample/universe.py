"""A sample is defined by a seed and a size. With the day, they determine everything in it."""

from dataclasses import dataclass
from functools import cached_property

from include.sample.ids import IdAllocator, window_keys
from include.sample.randomness import Topic, stream

WINDOW_TITLES = 1000  # made at a time: bounds the memory
LARGEST = 15_000_000  # titles; beyond it ids of eight digits run short
_PEOPLE_PER_TITLE = (6, 5)
_STAR_WINDOWS = 60
_STAR_ROLES = (
    "actor",
    "actress",
    "director",
    "composer",
    "self",
    "writer",
    "producer",
    "cinematographer",
)
STARS_PER_WINDOW = 4


@dataclass(frozen=True)
class Star:
    """A person who works in the whole sample, not only in one window."""

    nconst: str
    role: str
    decade: int


@dataclass(frozen=True)
class Universe:
    """The plan of a sample."""

    seed: int
    titles: int

    def __post_init__(self) -> None:
        """Check the size. Raises ValueError."""
        if not 1 <= self.titles <= LARGEST:
            raise ValueError(f"titles must be between 1 and {LARGEST}, not {self.titles}")

    @property
    def windows(self) -> int:
        """The number of windows, each of about WINDOW_TITLES titles."""
        return max(1, self.titles // WINDOW_TITLES)

    def titles_in(self, window: int) -> int:
        """Return how many titles the window has on day 1; the sum is `titles`."""
        return (window + 1) * self.titles // self.windows - window * self.titles // self.windows

    def people_in(self, window: int) -> int:
        """Return how many people the window has on day 1."""
        times, per = _PEOPLE_PER_TITLE
        return max(3, self.titles_in(window) * times // per)

    def ids(self, window: int, prefix: str) -> IdAllocator:
        """Return a fresh allocator for the window's titles (tt) or people (nm)."""
        return IdAllocator(prefix, window_keys(window, self.windows))

    def person_ids(self, window: int, allocator: IdAllocator) -> list[str]:
        """Return the ids of the people of day 1; the window's stars come first."""
        draw = stream(self.seed, window, Topic.PERSON_IDS)
        return allocator.spread(self.people_in(window), draw)

    def stars_in(self, window: int) -> tuple[Star, ...]:
        """Return the window's stars: none in most windows of a large sample."""
        step = max(1, self.windows // _STAR_WINDOWS)
        if window % step or self.people_in(window) < 100:
            return ()
        ids = self.person_ids(window, self.ids(window, "nm"))
        return tuple(self._star(window, place, ids[place]) for place in range(STARS_PER_WINDOW))

    def _star(self, window: int, place: int, nconst: str) -> Star:
        draw = stream(self.seed, window, Topic.STAR, place)
        role = _STAR_ROLES[int(draw() * len(_STAR_ROLES))]
        return Star(nconst, role, 193 + int(draw() * 8))

    @cached_property
    def stars(self) -> dict[str, tuple[Star, ...]]:
        """All stars by role; a few hundred at any size."""
        by_role: dict[str, tuple[Star, ...]] = {}
        for window in range(0, self.windows, max(1, self.windows // _STAR_WINDOWS)):
            for star in self.stars_in(window):
                by_role[star.role] = (*by_role.get(star.role, ()), star)
        return by_role
