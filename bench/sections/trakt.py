"""Sections `trakt` and `trakt_comments`: requests, days and landing; models over many comments."""

from collections.abc import Sequence

import requests

from bench.building import MARTS, STAGING, START, TESTS, BareBuild, dbt_build, new_run_id, publish
from bench.context import Bench
from bench.report import Goal, MarkdownTable, Measured
from bench.runs import MadeRun, run_with, written
from bench.tmdb_api import ORIGIN, RunningApi, api_process
from bench.trakt_api import ServedTrakt, steps_in_processes, trakt_run
from bench.trakt_comments import CYCLE, NEW_COMMENTS, TITLES, land_changed_day, land_comments
from bench.workspace import BenchDatabase, progress, whole_number
from include.sample.api.traffic import Limits
from include.sample.trakt.server import REQUIRED
from trakt_pipeline.sync import TraktSync

SOURCE = "trakt"
GOAL_BUILD, GOAL_COMMENTS, GOAL_CHANGED, GOAL_MEMORY = 180, 1_000_000, 0.15, 200 << 20
GOAL_QUIET, GOAL_LANDING = 0.10, 2_000
# The limits of Trakt and ours, in a period that is shorter than the real 300 s.
BANNED_ABOVE, MOST_REQUESTS, PERIOD = 500, 450, 20
TITLES_OF_RUN, BACKFILL, REQUESTS_PER_TITLE = 4_000, 500, 4
# With fewer comments, the start of a step is most of what is measured.
TELLING_COMMENTS = 5_000
# The first of them fills the second copy of the marts.
DAYS = (1, 2)
_RAW = ("trakt_comment_versions", "trakt_comment_measures")


def measure_days(bench: Bench) -> Measured:
    """Measure the pace of two processes, the landing of feeds, and `make run` from day to day."""
    pace, pace_goals = _pace(bench)
    landing, landing_goals = _landing(bench)
    days, days_goals = _days(bench)
    return Measured(
        how=(
            "The sample's API server runs on loopback in a process of its own, and counts. "
            f"*Pace:* {pace} *Landing:* {landing} "
            f"*Days:* `make run PIPELINES=trakt BACKFILL={BACKFILL}` over {TITLES_OF_RUN:,} titles "
            "asks that server, without a limit: a first run, runs of the same day, and more days. "
            "There is no IMDb in this warehouse, so titles come from lists and feeds. Rows written "
            "are those that Postgres counts as inserted, updated or deleted; in raw, that a state "
            "was seen again is an update."
        ),
        tables=[days],
        goals=[*pace_goals, *landing_goals, *days_goals],
        remarks=["Memory is the largest resident set (RSS) of the process at any moment."],
    )


def _pace(bench: Bench) -> tuple[str, list[Goal]]:
    """Two processes share a backfill of about as many requests as REQUESTS says."""
    wanted = whole_number("REQUESTS", 1_500)
    limits = Limits(per_period=BANNED_ABOVE, period=PERIOD, ban=PERIOD)
    with (
        bench.space.database("pace") as database,
        api_process(ServedTrakt(max(TITLES_OF_RUN, wanted), limits=limits)) as api,
    ):
        run = trakt_run(database, api.base_url, "pace", requests=MOST_REQUESTS, period=PERIOD)
        TraktSync(run).recent()
        titles = wanted // REQUESTS_PER_TITLE
        seconds, asked = 0.0, 0
        step: tuple[str, dict[str, int]] = ("backfill", {"titles": titles})
        while asked < wanted:
            name, options = step
            done = steps_in_processes(run, name, processes=2, **options)
            seconds += max(each.seconds for each in done)
            seen = api.counters()
            if seen["total"] == asked:
                break
            asked, step = seen["total"], ("rescan", {"everything": True})
    most, bans = seen["most_per_period"], seen["bans"]
    progress(
        f"pace: {seen['total']:,} requests in {seconds:.1f} s, {most} in a period, {bans} bans"
    )
    return (
        f"two processes share the backfill of {titles:,} titles, then full rescans, and the limit, "
        "which is "
        f"{MOST_REQUESTS} requests in any {PERIOD} s instead of 300 s, so that the measurement "
        f"ends soon; the server bans above {BANNED_ABOVE}. {seen['total']:,} requests (REQUESTS) "
        f"took {seconds:.0f} s."
    ), [
        Goal(f"requests in any period of {PERIOD} s, two processes", f"≤ {MOST_REQUESTS}",
             f"{most}", most <= MOST_REQUESTS),
        Goal(f"bans in {seen['total']:,} requests", "0", f"{bans}", bans == 0),
    ]  # fmt: skip


def _landing(bench: Bench) -> tuple[str, list[Goal]]:
    """The newest comments of the whole sample, page by page, without a limit."""
    with (
        bench.space.database("landing") as database,
        api_process(ServedTrakt(bench.titles)) as api,
    ):
        # The server makes all its pages once before they are measured.
        for _ in range(2):
            requests.get(
                f"{api.base_url}/comments/recent/all/all",
                params={"include_replies": "true", "limit": "250"},
                headers=REQUIRED,
                timeout=600,
            ).raise_for_status()
        run = trakt_run(database, api.base_url, "landing")
        (landed,) = steps_in_processes(run, "recent")
    rate = landed.comments / landed.seconds
    progress(f"landing: {landed.comments:,} comments in {landed.seconds:.1f} s, {rate:,.0f}/s, "
             f"{landed.peak_rss >> 20} MB")  # fmt: skip
    telling = landed.comments >= TELLING_COMMENTS
    return (
        f"one process reads the feed of all {landed.comments:,} comments of {bench.titles:,} "
        f"titles without a limit in {landed.seconds:.1f} s; server, sync and Postgres share the "
        "machine."
    ), [
        Goal("landing, comments/s into raw", f"≥ {GOAL_LANDING:,}", f"{rate:,.0f}",
             rate >= GOAL_LANDING if telling else None),
        Goal("memory of the sync process", f"≤ {GOAL_MEMORY >> 20} MB",
             f"{landed.peak_rss >> 20} MB", landed.peak_rss <= GOAL_MEMORY),
    ]  # fmt: skip


def _days(bench: Bench) -> tuple[MarkdownTable, list[Goal]]:
    """`make run`: a first run, the same day again, three more days."""
    lines: list[list[str]] = []

    def day(name: str, api: RunningApi, **variables: str) -> tuple[int, dict[str, int], MadeRun]:
        before, asked = written(bench.space, _RAW), api.counters()["total"]
        run = run_with(
            bench.space, PIPELINES=SOURCE, SOURCE=SOURCE, SOURCE_NAME=ORIGIN,
            TRAKT_BASE_URL=api.base_url, TRAKT_SOURCE_NAME=ORIGIN, TRAKT_CLIENT_ID="any",
            TRAKT_MAX_REQUESTS="0", **variables,
        )  # fmt: skip
        asked_now = api.counters()["total"] - asked
        rows = {
            key: count - before.get(key, 0) for key, count in written(bench.space, _RAW).items()
        }
        lines.append(
            [name, f"{asked_now:,}", f"{run.whole:.1f}", f"{run.dag:.1f}",
             "skipped" if run.dbt is None else f"{run.dbt:.1f}",
             *(f"{rows.get(schema, 0):,}" for schema in ("raw", "staging", "marts"))]
        )  # fmt: skip
        progress(f"{name}: " + ", ".join(lines[-1][1:]))
        return asked_now, rows, run

    with api_process(ServedTrakt(TITLES_OF_RUN)) as api:
        first = day("first run", api, BACKFILL=str(BACKFILL))
        rest = day("the same day, the rest of the backfill", api, BACKFILL=str(BACKFILL))
        again = [day("same day again", api, BACKFILL="0") for _ in range(bench.repeats)]
    following = []
    for number in (2, 3, 4):
        with api_process(ServedTrakt(TITLES_OF_RUN, day=number)) as api:
            following.append(day(f"day {number}", api, BACKFILL="0"))
    share = sum(asked for asked, _, _ in following) / len(following) / (first[0] + rest[0])
    in_vain = sum(rows["staging"] + rows["marts"] for _, rows, _ in again)
    return (
        MarkdownTable(
            ["run", "requests", "`make run`, s", "the DAG, s", "dbt, s", "rows in raw comments",
             "in staging", "in marts"], lines,
        ),
        [
            Goal("requests of a day against the backfill", f"≤ {GOAL_QUIET:.0%}",
                 f"{share:.1%}", share <= GOAL_QUIET),
            Goal("second run of a day: rows written in staging and marts", "0", f"{in_vain:,}",
                 in_vain == 0),
        ],
    )  # fmt: skip


def measure_comments(bench: Bench) -> Measured:
    """Build the models over so many comments as COMMENTS says, then after days with changes."""
    comments = whole_number("COMMENTS", GOAL_COMMENTS)
    with bench.space.database("comments") as database:
        land_comments(database, comments)
        builds = [_built(bench, database, "cold")]
        for day in DAYS:
            land_changed_day(database, day, comments)
            builds.append(_built(bench, database, f"changed day {day}"))
    return Measured(
        how=(
            f"{comments:,} invented comments (COMMENTS) on {TITLES:,} titles are written into the "
            "raw tables by the server itself. Then `dbt build` with all tests, in an empty "
            f"database, and after each of {len(DAYS)} more days: one title in {CYCLE} is scanned "
            f"again and one in seven of its comments has other likes, {NEW_COMMENTS} comments "
            "come, some go. The first of these days fills the second copy of the marts."
        ),
        tables=[_table(builds)],
        goals=_goals(comments, builds),
        remarks=["Memory is the largest resident set (RSS) of the process at any moment."],
    )


def _built(bench: Bench, database: BenchDatabase, name: str) -> tuple[str, BareBuild]:
    run_id = new_run_id("comments")
    built = dbt_build(bench.space, database, run_id, source=SOURCE)
    publish(database, run_id, source=SOURCE)
    progress(f"{name}: dbt build {built.seconds:.1f} s, {built.peak_rss >> 20} MB, {built.steps}")
    return name, built


def _table(builds: Sequence[tuple[str, BareBuild]]) -> MarkdownTable:
    steps = (STAGING, MARTS, TESTS, START)
    return MarkdownTable(
        ["`dbt build`", "seconds", *steps, "memory of dbt, MB"],
        [
            [name, f"{built.seconds:.1f}",
             *(f"{built.steps.get(step, 0.0):.1f}" for step in steps), f"{built.peak_rss >> 20}"]
            for name, built in builds
        ],
    )  # fmt: skip


def _goals(comments: int, builds: Sequence[tuple[str, BareBuild]]) -> list[Goal]:
    cold, changed = (
        built.steps.get(STAGING, 0.0) + built.steps.get(MARTS, 0.0)
        for _, built in (builds[0], builds[-1])
    )
    memory = max(built.peak_rss for _, built in builds)
    enough = comments >= GOAL_COMMENTS
    share = changed / cold
    return [
        Goal(f"models, cold, at {GOAL_COMMENTS:,} comments", f"≤ {GOAL_BUILD} s",
             f"{cold:.0f} s at {comments:,}", cold <= GOAL_BUILD if enough else None),
        Goal("models on a changed day against cold", f"≤ {GOAL_CHANGED:.0%}", f"{share:.1%}",
             share <= GOAL_CHANGED if enough else None),
        Goal("memory of the dbt process", f"≤ {GOAL_MEMORY >> 20} MB", f"{memory >> 20} MB",
             memory <= GOAL_MEMORY),
    ]  # fmt: skip
