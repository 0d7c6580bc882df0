"""Section `trakt_comments`: the models of Trakt over many comments, whole and on a changed day."""

from collections.abc import Sequence

from bench.building import MARTS, STAGING, START, TESTS, BareBuild, dbt_build, new_run_id, publish
from bench.context import Bench
from bench.report import Goal, MarkdownTable, Measured
from bench.trakt_comments import CYCLE, NEW_COMMENTS, TITLES, land_changed_day, land_comments
from bench.workspace import BenchDatabase, progress, whole_number

SOURCE = "trakt"
GOAL_BUILD, GOAL_COMMENTS, GOAL_CHANGED, GOAL_MEMORY = 180, 1_000_000, 0.15, 200 << 20
# The first of them fills the second copy of the marts.
DAYS = (1, 2)


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
