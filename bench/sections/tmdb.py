"""Sections `tmdb` and `tmdb_films`: the sync's requests and days; landing, and models on it."""

from collections.abc import Sequence
from contextlib import closing
from statistics import median

import psycopg2

from bench.building import MARTS, STAGING, START, TESTS, BareBuild, dbt_build, new_run_id, publish
from bench.context import Bench
from bench.report import Goal, MarkdownTable, Measured
from bench.runs import MadeRun, run_with, written
from bench.tmdb_api import (
    ORIGIN,
    Landed,
    RunningApi,
    ServedDay,
    api_process,
    details_in_processes,
    make_due,
    sync_of,
)
from bench.workspace import BenchDatabase, progress, whole_number

SOURCE = "tmdb"
PER_SECOND, AT_ONCE = 30, 10
GOAL_QUIET, GOAL_RUN = 0.10, 12
GOAL_BODIES, GOAL_MEMORY = 400, 200 << 20
GOAL_BUILD, GOAL_FILMS = 180, 100_000
MOVING_FILMS, MOVING_DAYS = 200, 10
TITLES_OF_RUN = 4_000
# Of four titles of the sample, one is a film of TMDb's.
TITLES_PER_FILM = 4
FILMS_PER_PERSON, LEAST_PEOPLE = 5, 1_000
# With fewer bodies, the start of a step is most of what is measured.
TELLING_BODIES = 1_000
EDITED_EVERY = 50

_BODIES = ("tmdb_movies", "tmdb_shows", "tmdb_people", "tmdb_genres", "tmdb_lists", "tmdb_changes")


def measure_days(bench: Bench) -> Measured:
    """Measure the pace of two syncs, `make run` from day to day, and days of moving votes."""
    pace, pace_goals = _pace(bench)
    days, days_goals = _days(bench)
    moving, moving_goals = _moving(bench)
    return Measured(
        how=(
            "The sample's API server runs on loopback in a process of its own, and counts. "
            f"*Pace:* {pace} "
            f"*Days:* `make run PIPELINES=tmdb` over {TITLES_OF_RUN:,} titles asks that server, "
            "without a limit: a first run, runs of the same day, and the sample's next day with "
            "its edits. Rows written are those that Postgres counts as inserted, updated or "
            "deleted. "
            f"*Moving votes:* {moving}"
        ),
        tables=[days],
        goals=[*pace_goals, *days_goals, *moving_goals],
    )


def _pace(bench: Bench) -> tuple[str, list[Goal]]:
    """Two sync processes ask for as many things as REQUESTS says, within the limits."""
    wanted = whole_number("REQUESTS", 600)
    titles = max(TITLES_OF_RUN, TITLES_PER_FILM * wanted)
    with bench.space.database("pace") as database:
        make_due(database, titles, "movie", wanted)
        with api_process(ServedDay(titles, slow=wanted // 2, limited=True)) as api:
            sync = sync_of(database, api.base_url, "pace", PER_SECOND)
            done = details_in_processes(sync, "movie", 2)
            seen = api.counters()
    seconds = max(each.seconds for each in done)
    rate, at_once, bans = seen["most_per_second"], seen["most_at_once"], seen["bans"]
    progress(f"pace: {seen['total']:,} requests in {seconds:.1f} s, {rate}/s, {at_once} at once")
    return (
        f"two sync processes share {wanted:,} films (REQUESTS) and the limits, each with "
        f"{AT_ONCE} threads. Half of the answers take half a second, so "
        "that all requests are open, the others come at once, so that the rate counts. The server "
        "counts the requests that came in any second, by which it bans, and those open. "
        f"{seen['total']:,} requests took {seconds:.0f} s, "
        f"{seen['total'] / seconds:.1f}/s."
    ), [
        Goal("requests in any second, two processes", f"≤ {PER_SECOND}", f"{rate}",
             rate <= PER_SECOND),
        Goal("requests at once, two processes", f"≤ {AT_ONCE}", f"{at_once}", at_once <= AT_ONCE),
        Goal(f"bans in {seen['total']:,} requests", "0", f"{bans}", bans == 0),
    ]  # fmt: skip


def _days(bench: Bench) -> tuple[MarkdownTable, list[Goal]]:
    """`make run`: a first run, the same day again, the next day."""
    lines: list[list[str]] = []

    def day(name: str, api: RunningApi) -> tuple[int, int, MadeRun]:
        before, asked = written(bench.space, _BODIES), api.counters()["total"]
        run = run_with(
            bench.space, PIPELINES=SOURCE, SOURCE=SOURCE, SOURCE_NAME=ORIGIN,
            TMDB_BASE_URL=api.base_url, TMDB_SOURCE_NAME=ORIGIN, TMDB_READ_TOKEN="any",
            TMDB_MAX_PER_SECOND="0",
        )  # fmt: skip
        requests = api.counters()["total"] - asked
        rows = {
            key: count - before.get(key, 0) for key, count in written(bench.space, _BODIES).items()
        }
        schemas = ("raw", "staging", "snapshots", "marts")
        lines.append(
            [name, f"{requests:,}", f"{run.whole:.1f}", f"{run.dag:.1f}",
             "skipped" if run.dbt is None else f"{run.dbt:.1f}",
             *(f"{rows.get(schema, 0):,}" for schema in schemas)]
        )  # fmt: skip
        progress(f"{name}: " + ", ".join(lines[-1][1:]))
        return requests, sum(rows.values()), run

    with api_process(ServedDay(TITLES_OF_RUN)) as api:
        first = day("first run", api)
        again = [day("same day again", api) for _ in range(bench.repeats)]
    with api_process(ServedDay(TITLES_OF_RUN, day=2, date_after=1)) as api:
        following = day("next day", api)
    share, in_vain = following[0] / first[0], sum(rows for _, rows, _ in again)
    whole = median(run.whole for _, _, run in again)
    return (
        MarkdownTable(
            ["run", "requests", "`make run`, s", "the DAG, s", "dbt, s", "rows in raw bodies",
             "in staging", "in snapshots", "in marts"], lines,
        ),
        [
            Goal("requests of the next day against the first run", f"≤ {GOAL_QUIET:.0%}",
                 f"{share:.1%}", share <= GOAL_QUIET),
            Goal("second run of a day: rows written in raw bodies, staging, snapshots and marts",
                 "0", f"{in_vain:,}", in_vain == 0),
            Goal("unchanged `make run PIPELINES=tmdb`", f"≤ {GOAL_RUN} s", f"{whole:.1f} s",
                 whole <= GOAL_RUN),
        ],
    )  # fmt: skip


def _moving(bench: Bench) -> tuple[str, list[Goal]]:
    """Ask for the same films on ten more days, whose votes and popularity are others each day."""
    versions, bodies = [], 0
    with bench.space.database("moving") as database:
        make_due(database, TITLES_OF_RUN, "movie", MOVING_FILMS)
        for number in range(MOVING_DAYS + 1):
            served = ServedDay(TITLES_OF_RUN, date_after=number, moved=number)
            with api_process(served) as api:
                sync = sync_of(database, api.base_url, f"day {number}")
                if number == 0:
                    sync.genres()
                figures = sync.details("movie")
            if number:
                bodies += figures["written"]
            if number in {0, MOVING_DAYS}:
                run_id = new_run_id("moving")
                dbt_build(bench.space, database, run_id, source=SOURCE)
                publish(database, run_id, source=SOURCE)
                versions.append(_counted(database, "snapshots.snap_tmdb__movies"))
            _make_films_due(database, every=1)
        measures = _counted(database, "raw.tmdb_measures")
    progress(f"moving votes: {versions} versions, {bodies} bodies, {measures:,} measures")
    return (
        f"{MOVING_FILMS} films are asked for on {MOVING_DAYS} more days, and the server moves all "
        f"votes and popularity each day. `raw.tmdb_measures` has {measures:,} rows then. The "
        "models are built after the first and after the last day."
    ), [
        Goal(f"versions from {MOVING_FILMS} films × {MOVING_DAYS} days of moving votes", "0",
             f"{versions[1] - versions[0]} ({bodies} bodies)",
             versions[1] == versions[0] == MOVING_FILMS and not bodies),
    ]  # fmt: skip


def _make_films_due(database: BenchDatabase, *, every: int) -> None:
    """Make one of so many films due, all over the table, in the order in which they were landed."""
    with closing(psycopg2.connect(database.url)) as session, session, session.cursor() as cursor:
        cursor.execute(
            "update raw.tmdb_items set due_reason = 'changes', "
            "due_since = now() + answer_id * interval '1 microsecond' "
            "from raw.tmdb_movies_newest as answer "
            "where media_type = 'movie' and id = movie_id and id %% %s = 0",
            (every,),
        )


def _counted(database: BenchDatabase, table: str) -> int:
    with closing(psycopg2.connect(database.url)) as session, session.cursor() as cursor:
        cursor.execute(f"select count(*) from {table}")
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def measure_films(bench: Bench) -> Measured:
    """Land all films of the sample, without a limit, and build the models on them."""
    with bench.space.database("films") as database:
        films = make_due(database, bench.titles, "movie", bench.titles)
        people = make_due(
            database, bench.titles, "person", max(LEAST_PEOPLE, films // FILMS_PER_PERSON)
        )
        with api_process(ServedDay(bench.titles)) as api:
            sync = sync_of(database, api.base_url, "first")
            sync.genres()
            landed = [details_in_processes(sync, kind, 1)[0] for kind in ("movie", "person")]
        for each in landed:
            progress(f"landing: {each.bodies:,} bodies in {each.seconds:.1f} s, "
                     f"{each.bodies / each.seconds:.0f}/s, {each.peak_rss >> 20} MB")  # fmt: skip
        builds = [_built(bench, database, "cold")]
        for number in (1, 2):
            served = ServedDay(bench.titles, date_after=number, moved=number, edited=True)
            with api_process(served) as api:
                _make_films_due(database, every=EDITED_EVERY)
                sync_of(database, api.base_url, f"day {number}").details("movie")
            builds.append(_built(bench, database, f"next day {number}"))
        credit_rows = _counted(database, "staging.stg_tmdb__credits")
    return Measured(
        how=(
            f"All {films:,} films of the sample and {people:,} of its people are landed from the "
            "sample's API server, without a limit, by one sync process with its ten threads; "
            "server, sync and Postgres share the machine. Each body is an answer of its own, "
            "checked, hashed and committed. Then `dbt build` with all tests, in an empty database, "
            f"and after each of two more days on which one of {EDITED_EVERY} films is edited. The "
            "first of them fills the second copy of the marts. "
            f"Credits in staging: {credit_rows:,}."
        ),
        tables=[_landing_table(landed), _build_table(builds)],
        goals=_film_goals(films, landed, builds),
        remarks=[
            "Memory is the largest resident set (RSS) of the process at any moment.",
        ],
    )


def _built(bench: Bench, database: BenchDatabase, name: str) -> tuple[str, BareBuild]:
    run_id = new_run_id("films")
    built = dbt_build(bench.space, database, run_id, source=SOURCE)
    publish(database, run_id, source=SOURCE)
    progress(f"{name}: dbt build {built.seconds:.1f} s, {built.peak_rss >> 20} MB, {built.steps}")
    return name, built


def _landing_table(landed: Sequence[Landed]) -> MarkdownTable:
    return MarkdownTable(
        ["landing of", "bodies", "seconds", "bodies/s", "memory of the sync, MB"],
        [
            [kind, f"{each.bodies:,}", f"{each.seconds:.1f}", f"{each.bodies / each.seconds:.0f}",
             f"{each.peak_rss >> 20}"]
            for kind, each in zip(("films", "people"), landed, strict=True)
        ],
    )  # fmt: skip


def _build_table(builds: Sequence[tuple[str, BareBuild]]) -> MarkdownTable:
    steps = (STAGING, MARTS, TESTS, START)
    return MarkdownTable(
        ["`dbt build`", "seconds", *steps, "memory of dbt, MB"],
        [
            [name, f"{built.seconds:.1f}",
             *(f"{built.steps.get(step, 0.0):.1f}" for step in steps), f"{built.peak_rss >> 20}"]
            for name, built in builds
        ],
    )  # fmt: skip


def _film_goals(
    films: int, landed: Sequence[Landed], builds: Sequence[tuple[str, BareBuild]]
) -> list[Goal]:
    goals = []
    for kind, each in zip(("films", "people"), landed, strict=True):
        rate = each.bodies / each.seconds
        reached = rate >= GOAL_BODIES if each.bodies >= TELLING_BODIES else None
        goals.append(Goal(f"landing of {kind}, bodies/s into raw", f"≥ {GOAL_BODIES}",
                          f"{rate:.0f}", reached))  # fmt: skip
    landing, building = (max(each.peak_rss for each in landed),
                         max(built.peak_rss for _, built in builds))  # fmt: skip
    cold, warm = builds[0][1].seconds, builds[-1][1].seconds
    enough = films >= 0.95 * GOAL_FILMS
    return [
        *goals,
        Goal("memory of the sync process", f"≤ {GOAL_MEMORY >> 20} MB", f"{landing >> 20} MB",
             landing <= GOAL_MEMORY),
        Goal(f"dbt part, cold, at {GOAL_FILMS:,} films", f"≤ {GOAL_BUILD} s",
             f"{cold:.0f} s at {films:,}", cold <= GOAL_BUILD if enough else None),
        Goal(f"dbt part, next day, at {GOAL_FILMS:,} films", f"≤ {GOAL_BUILD} s",
             f"{warm:.0f} s at {films:,}", warm <= GOAL_BUILD if enough else None),
        Goal("memory of the dbt process", f"≤ {GOAL_MEMORY >> 20} MB", f"{building >> 20} MB",
             building <= GOAL_MEMORY),
    ]  # fmt: skip
