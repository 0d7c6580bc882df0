"""What can happen to a world in a day, with every kind of change: each is a function."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from imdb_pipeline.config import DATASET_NAMES, dataset_named
from tests.support.days import Record, World

N = r"\N"
Change = Callable[[World], None]

# What a value may become; {} is what was there.
VALUES: dict[str, dict[str, Sequence[str]]] = {
    "title.basics": {
        "titleType": (
            *("movie", "tvMovie", "short", "video", "tvSeries", "tvMiniSeries", "tvEpisode"),
            *("videoGame", "hologram", "Movie", N, ""),
        ),
        "primaryTitle": ("{} II", "Same", "same", "Ähnlich", N, ""),
        "originalTitle": ("{} (Restored)", "Same", N, ""),
        "isAdult": ("1", "0", "2", N),
        "startYear": ("1931", "1999", "2000", "2009", "2010", "2025", "x", " 7", "", N),
        "endYear": ("2026", "1900", "x", N),
        "runtimeMinutes": ("1", "90", "100000", "1.5", "-7", N),
        "genres": ("Drama", "Comedy,Drama", "Drama,Comedy", "Drama,Drama", "{},Zoo", ",", "", N),
    },
    "title.ratings": {
        "averageRating": ("1.0", "5.5", "9.9", "10.0", "7", "1.55", "x", N),
        "numVotes": ("5", "6", "99", "10000", "500000", "2147483647", "2147483648", "x", N),
    },
    "title.akas": {
        "title": ("{}!", "Same", "same", "Zebra", N, ""),
        "region": ("DE", "XWW", "US", N, "xx"),
        "language": ("de", N),
        "types": ("dvd", "dvd\x02tv", "\x02", N),
        "attributes": ("second cut", N),
        "isOriginalTitle": ("1", "0", "2", N),
    },
    "title.crew": {
        "directors": ("{},nm0000001", "nm0000002,nm0000001,nm0000002", "nm0000001", ",{},", "", N),
        "writers": ("{},nm0000001", "nm0000001,nm0000002", ",", "", N),
    },
    "title.episode": {
        "seasonNumber": ("1", "2", "10", "2003", "0", "x", "2147483647", N),
        "episodeNumber": ("0", "1", "2", "99", "x", N),
        "parentTconst": ("tt80000000", N, ""),
    },
    "title.principals": {
        "category": ("actor", "actress", "director", "self", "archive_footage", "juggler", N, ""),
        "job": ('producer (as "Q")', N),
        "characters": ('["A"]', '["A","B"]', '["Él \\"Q\\""]', '["Broken', "[]", '{"a": 1}', N),
        "nconst": ("nm80000000", N, ""),
    },
    "name.basics": {
        "primaryName": ("{} Jr.", "Same", N, ""),
        "birthYear": ("1950", "x", N),
        "deathYear": ("2020", N),
        "primaryProfession": ("actor,director", ",", "juggler", N),
        "knownForTitles": ("{},tt0000001", N),
    },
}


def set_value(dataset: str, column: str, world: World) -> None:
    """A value becomes another one."""
    row = world.some(dataset)
    if row:
        world.set(dataset, row, column, world.random.choice(VALUES[dataset][column]))


def row_leaves(dataset: str, world: World) -> None:
    """A row leaves one file and stays in the others."""
    row = world.some(dataset)
    if row:
        world.remove(dataset, row)


def title_leaves_everywhere(world: World) -> None:
    """A title leaves all files; its episodes are without a series then."""
    row = world.some("title.basics")
    for dataset in DATASET_NAMES if row else ():
        for gone in world.rows(dataset, *([row["tconst"]] if row else [])):
            world.remove(dataset, gone)


def something_comes_back(world: World) -> None:
    """A row that left comes back as it was, or nearly."""
    if world.gone:
        dataset, row = world.gone.pop(world.random.randrange(len(world.gone)))
        world.put(dataset, row)
        if world.random.random() < 0.5:
            column = world.random.choice(list(VALUES[dataset]))
            back = world.files[dataset][world.key(dataset, row)]
            world.set(dataset, back, column, world.random.choice(VALUES[dataset][column]))


def change_is_taken_back(world: World) -> None:
    """A value is again what it was: for who saw neither day nothing happened."""
    if world.was:
        dataset, key, column, value = world.was.pop(-world.random.randint(1, len(world.was)))
        row = world.files[dataset].get(key)
        if row:
            world.set(dataset, row, column, value)


def title_comes(world: World) -> None:
    """A new title with a rating, a name, a credit and a new person."""
    number = world.random.randrange(10**6)
    tconst, nconst = f"tt7{number:06}", f"nm7{number:06}"
    values = ("movie", f"Newcomer {number}", N, "0", "2020", N, "90", "Drama")
    _put(world, "title.basics", tconst, *values)
    _put(world, "title.ratings", tconst, "8.4", str(world.random.randint(5, 50_000)))
    _put(world, "title.akas", tconst, "1", f"Neuling {number}", "DE", "de", N, N, "0")
    _put(world, "title.crew", tconst, nconst, N)
    _put(world, "title.principals", tconst, "1", nconst, "director", N, N)
    _put(world, "name.basics", nconst, f"New {number}", "1990", N, "director", tconst)


def rated_without_a_title(world: World) -> None:
    """A rating, an aka and an episode of a title that title.basics does not have."""
    tconst = f"tt8{world.random.randrange(10**6):06}"
    parent = world.random.choice(world.titles("tvSeries", "tvMiniSeries") or ["tt80000000"])
    _put(world, "title.ratings", tconst, "9.1", "77")
    _put(world, "title.akas", tconst, "1", "Nowhere", "DE", "de", N, N, "0")
    _put(world, "title.episode", tconst, parent, "1", "1")


def votes_come(world: World) -> None:
    """A rating stays, with more votes."""
    row = world.some("title.ratings")
    if row and row["numVotes"].isdecimal() and len(row["numVotes"]) < 6:
        world.set("title.ratings", row, "numVotes", "{}7")


def latest_year_moves(world: World) -> None:
    """A rated title is of a later year than all others, or the latest ones no longer are."""
    rated = {row["tconst"] for row in world.files["title.ratings"].values()}
    rows = [row for row in world.rows("title.basics", *rated) if row["startYear"].isdecimal()]
    latest = max((row["startYear"] for row in rows), key=int, default=N)
    if world.random.random() < 0.5 and rows:
        row = world.random.choice(rows)
        world.set("title.basics", row, "startYear", str(int(latest) + 1))
    else:
        for row in [row for row in rows if row["startYear"] == latest][:8]:
            world.set("title.basics", row, "startYear", "1999")


def episode_moves(world: World) -> None:
    """An episode is of another series."""
    row = world.some("title.episode")
    series = world.titles("tvSeries", "tvMiniSeries")
    if row and series:
        world.set("title.episode", row, "parentTconst", world.random.choice(series))


def series_is_a_movie(world: World) -> None:
    """A series with episodes is none any more, or a movie is one."""
    series = {row["parentTconst"] for row in world.files["title.episode"].values()}
    rows = world.rows("title.basics", *series)
    if rows:
        row = world.random.choice(rows)
        is_series = row["titleType"] in {"tvSeries", "tvMiniSeries"}
        world.set("title.basics", row, "titleType", "movie" if is_series else "tvSeries")


def last_episode_leaves(world: World) -> None:
    """A series with few episodes has none."""
    episodes = list(world.files["title.episode"].values())
    counts: dict[str, int] = {}
    for row in episodes:
        counts[row["parentTconst"]] = counts.get(row["parentTconst"], 0) + 1
    least = min(counts, key=lambda tconst: (counts[tconst], tconst), default="")
    for row in world.rows("title.episode", least, column="parentTconst")[:6]:
        world.remove("title.episode", row)


def last_credit_leaves(world: World) -> None:
    """A person who had one credit has none."""
    rows = list(world.files["title.principals"].values())
    seen = [row["nconst"] for row in rows]
    once = [row for row in rows if seen.count(row["nconst"]) == 1]
    if once:
        world.remove("title.principals", world.random.choice(once))


def credit_moves(world: World) -> None:
    """A credit is another person's."""
    row, person = world.some("title.principals"), world.some("name.basics")
    if row and person:
        world.set("title.principals", row, "nconst", person["nconst"])


def credit_comes(world: World) -> None:
    """Somebody gets a second role in a title, behind all others."""
    row, person = world.some("title.principals"), world.some("name.basics")
    if row and person:
        last = max(int(each["ordering"]) for each in world.rows("title.principals", row["tconst"]))
        category = world.random.choice(("writer", "director", row["category"]))
        values = (str(last + 1), person["nconst"], category, N, N)
        _put(world, "title.principals", row["tconst"], *values)


def numbers_move_up(dataset: str, world: World) -> None:
    """The first row of a title leaves, and all others take the place before theirs."""
    row = world.some(dataset)
    if row:
        first, *_ = row.values()
        rows = sorted(world.rows(dataset, first), key=lambda each: int(each["ordering"]))
        world.remove(dataset, rows[0])
        # Long lists would be many changed rows at once.
        for each in rows[1:6] if len(rows) <= 6 else ():
            world.move(dataset, each, str(int(each["ordering"]) - 1))


def number_changes(dataset: str, world: World) -> None:
    """A row's number is another one: 9 and 10 are sorted as text in one place, as numbers in
    another."""
    row = world.some(dataset)
    if row:
        taken = {each["ordering"] for each in world.rows(dataset, *list(row.values())[:1])}
        free = [number for number in ("10", "9", "100", "20", "0") if number not in taken]
        if free:
            world.move(dataset, row, world.random.choice(free))


def names_change_places(world: World) -> None:
    """Two names of a title have each other's number."""
    row = world.some("title.akas")
    rows = world.rows("title.akas", row["titleId"]) if row else []
    if len(rows) > 1:
        one, two = world.random.sample(rows, 2)
        for column in ("title", "region", "language"):
            before = one[column]
            world.set("title.akas", one, column, two[column])
            world.set("title.akas", two, column, before)


def _put(world: World, dataset: str, *values: str) -> None:
    world.put(dataset, dict(zip(dataset_named(dataset).columns, values, strict=True)))


CHANGES: tuple[Change, ...] = (
    *(partial(set_value, name, column) for name, columns in VALUES.items() for column in columns),
    *(partial(row_leaves, name) for name in DATASET_NAMES),
    *(partial(numbers_move_up, name) for name in ("title.akas", "title.principals")),
    *(partial(number_changes, name) for name in ("title.akas", "title.principals")),
    *(title_leaves_everywhere, something_comes_back, something_comes_back, something_comes_back),
    *(change_is_taken_back, change_is_taken_back, change_is_taken_back, title_comes),
    *(rated_without_a_title, latest_year_moves, episode_moves, episode_moves, series_is_a_movie),
    *(last_episode_leaves, last_credit_leaves, credit_moves, credit_comes, names_change_places),
)


# Changes that leave every mean rating as it is: with a mean, everything changes that was compared
# with it, and what had to be looked at for another reason does not show.
_STEADY = ("title.akas", "title.crew", "title.episode", "title.principals", "name.basics")
STEADY_CHANGES: tuple[Change, ...] = (
    *(partial(set_value, name, column) for name in _STEADY for column in VALUES[name]),
    *(partial(row_leaves, name) for name in _STEADY),
    *(partial(set_value, "title.basics", name) for name in ("primaryTitle", "startYear", "genres")),
    *(partial(set_value, "title.basics", name) for name in ("originalTitle", "runtimeMinutes")),
    *(votes_come, votes_come, votes_come, episode_moves, last_credit_leaves, credit_moves),
    *(credit_comes, names_change_places),
)


class Deck:
    """Deals the changes so that none is left out: all of them, in another order every time."""

    def __init__(self, world: World, changes: Sequence[Change] = CHANGES) -> None:
        self.world = world
        self.changes = changes
        self._left: list[Change] = []

    def deal(self, count: int) -> None:
        """Let `count` things happen."""
        for _ in range(count):
            if not self._left:
                self._left = self.world.random.sample(self.changes, len(self.changes))
            self._left.pop()(self.world)


def on_two_days(world: World) -> Iterator[None]:
    """In every file, on the first day and the second: a value changes and changes again, a row
    leaves and comes back, another one comes back as it was not, and a row comes and leaves."""
    picked = {name: world.random.sample(list(world.files[name].values()), 3) for name in VALUES}
    new = {}
    for dataset, (row, other, third) in picked.items():
        column = list(VALUES[dataset])[-1]
        first, *_ = dataset_named(dataset).columns
        world.set(dataset, row, column, "1")
        world.remove(dataset, other)
        world.remove(dataset, third)
        new[dataset] = {**row, first: row[first][:2] + "6000001"}
        world.put(dataset, new[dataset])
    yield
    for dataset, (row, other, third) in picked.items():
        column = list(VALUES[dataset])[-1]
        world.set(dataset, row, column, "2")
        world.put(dataset, other)
        world.put(dataset, {**third, column: "3"})
        world.remove(dataset, new[dataset])


def change_much(world: World, dataset: str, column: str, share: float) -> None:
    """Change a value in a share of a file's rows."""
    rows = list(world.files[dataset].values())
    for row in world.random.sample(rows, int(len(rows) * share)):
        world.set(dataset, row, column, world.random.choice(VALUES[dataset][column]))


def empty(world: World, dataset: str, left: int) -> list[Record]:
    """Take all rows but a few away and return what left."""
    rows = list(world.files[dataset].values())[left:]
    for row in rows:
        world.remove(dataset, row)
    return rows
