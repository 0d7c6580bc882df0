"""The backfill: all comments of titles that are new, the most voted ones of IMDb first.

A title is looked up by its id of IMDb, which gives its details and its number at Trakt; then its
comments are scanned. Titles on which the feeds show comments follow, the most active first. Without
IMDb's data in the warehouse Trakt's own lists take its place.
"""

import logging
from collections import deque
from collections.abc import Collection, Iterator
from itertools import chain, zip_longest
from typing import Any

from psycopg2.extensions import connection as Connection

from trakt_pipeline import plans, titles, units, workers
from trakt_pipeline.client import Level, Popularity, TraktClient, listed_title
from trakt_pipeline.config import DATASETS, RATINGS, SEASONS, SOURCE, STATS, TITLES, contract
from trakt_pipeline.scan import Unit
from trakt_pipeline.scans import ScanProgress, ScanWorker
from trakt_pipeline.steps import TraktRun, TraktStep
from trakt_pipeline.subjects import Subject
from trakt_pipeline.titles import TitleBatches, TitlesLanding, Wanted
from trakt_pipeline.units import BACKFILL, REPLIES
from trakt_pipeline.workers import Failures
from warehouse.database.turns import held
from warehouse.errors import TransientError
from warehouse.http.api_client import Stopped
from warehouse.raw.api_batch import keep_open

log = logging.getLogger(__name__)

# How many seconds a step waits for another one that chooses titles.
_PATIENCE = 3600.0
_LISTS: tuple[tuple[Level, Popularity], ...] = (
    ("movie", "popular"),
    ("show", "popular"),
    ("movie", "trending"),
    ("show", "trending"),
)


def backfill(run: TraktRun, most: int) -> dict[str, Any]:
    """Begin at most `most` titles of IMDb and as many of the feeds; return the figures.

    What was begun before and has not ended continues, however much that is. What fails stays due
    and is counted.
    """
    with run.step("backfill", DATASETS) as step:
        failures = Failures("backfill", run.settings.give_up_after)
        with held(step.connection, f"{SOURCE}: titles", patience=_PATIENCE):
            with step.connection, step.connection.cursor() as cursor:
                wanted = titles.most_voted(cursor, most)
            if wanted is None:
                listed = _follow_listed(step, most)
            else:
                _look_up(run, step, wanted, failures)
                listed = []
        with step.connection, step.connection.cursor() as cursor:
            plans.follow_parts_of_followed_titles(cursor, plans.newest_answer(cursor))
            chosen = plans.choose_titles(cursor, most)
        scan_due(run, step, (BACKFILL, REPLIES), failures, {*listed, *chosen})
    return run.report(step)


def scan_due(
    run: TraktRun,
    step: TraktStep,
    reasons: Collection[str],
    failures: Failures,
    chosen: Collection[str] = (),
) -> None:
    """Scan all that is due for `reasons`, and the replies that the counts then ask for."""
    progress = ScanProgress(failures, frozenset(chosen))

    def begin(connection: Connection) -> workers.Work:
        return ScanWorker(
            connection,
            step.client,
            reasons,
            step.landing(),
            titles_landing(step),
            step.figures,
            progress,
        ).work

    try:
        with step.connection, step.connection.cursor() as cursor:
            plans.plan_replies(cursor, plans.newest_answer(cursor))
        more = True
        while more:
            workers.run(
                begin,
                url=run.url,
                purpose=f"{SOURCE} scan",
                threads=run.settings.max_at_once,
                stop=step.client.api.stop,
            )
            with step.connection, step.connection.cursor() as cursor:
                now = plans.newest_answer(cursor)
                more = plans.plan_replies(cursor, now, without=progress.scanned) > 0
        with step.connection, step.connection.cursor() as cursor:
            step.figures.due = sum(units.due(cursor, reasons).values())
        step.figures.is_complete = not failures.keys
    finally:
        step.figures.failed = len(failures.keys)
        step.figures.pages_announced = step.figures.pages_landed + progress.pages_left


def titles_landing(step: TraktStep) -> TitlesLanding:
    """Return what writes answers about titles in this step, which has their four datasets."""
    landing = TitlesLanding(
        TitleBatches(*(step.batch(each) for each in (TITLES, SEASONS, RATINGS, STATS))),
        step.figures,
    )
    step.checks.extend((batch.dataset, checks) for batch, checks in landing.drift)
    return landing


def _look_up(
    run: TraktRun, step: TraktStep, wanted: Collection[Wanted], failures: Failures
) -> None:
    """Ask for titles by their ids of IMDb; each is asked for once, whether Trakt has it or not."""
    queue = deque(wanted)

    def begin(connection: Connection) -> workers.Work:
        landing = titles_landing(step)
        return lambda: _look_up_next(connection, step, queue, landing, failures)

    workers.run(
        begin,
        url=run.url,
        purpose=f"{SOURCE} titles",
        threads=run.settings.max_at_once,
        stop=step.client.api.stop,
    )
    if wanted:
        log.info("%s titles of IMDb were looked up", f"{len(wanted):,}")


def _look_up_next(
    connection: Connection,
    step: TraktStep,
    queue: deque[Wanted],
    landing: TitlesLanding,
    failures: Failures,
) -> bool:
    try:
        title = queue.popleft()
    except IndexError:
        return False
    try:
        answer = step.client.title(title.level, title.imdb_id)
    except Stopped:
        raise
    except TransientError as error:
        log.warning("stays to be looked up: %s", error)
        failures.failed(title.imdb_id, error)
        return True
    with connection, connection.cursor() as cursor:
        keep_open(cursor, step.batch(TITLES))
        title_id = landing.title(cursor, title.level, answer, title.imdb_id)
        titles.asked(cursor, title, answer, title_id)
        if title_id is not None:
            unit = Unit.of(Subject(title.level, title_id))
            units.follow(cursor, [unit], answer.answered_at, priority=max(1, title.votes))
    failures.succeeded()
    return True


def _follow_listed(step: TraktStep, most: int) -> list[str]:
    """Follow at most `most` titles of Trakt's lists that are new; return them as `shows/1`."""
    new: dict[str, Unit] = {}
    pages = zip_longest(*(_pages(step.client, *each) for each in _LISTS))
    while most > len(new) and (some := next(pages, None)):
        listed = dict.fromkeys(chain.from_iterable(zip_longest(*filter(None, some))))
        listed.pop(None, None)
        with step.connection, step.connection.cursor() as cursor:
            unknown = plans.not_followed(cursor, [unit for unit in listed if unit])
        new |= {unit.path: unit for unit in unknown[: most - len(new)]}
    with step.connection, step.connection.cursor() as cursor:
        units.follow(cursor, new.values(), plans.newest_answer(cursor))
    log.info("%s titles of Trakt's lists begin", f"{len(new):,}")
    return [path.removesuffix("/comments") for path in new]


def _pages(client: TraktClient, level: Level, popularity: Popularity) -> Iterator[list[Unit]]:
    """Yield the titles of a list by page; an entry that breaks its contract is passed over."""
    number, is_last = 1, False
    while not is_last:
        page = client.titles_list(level, popularity, number)
        found = [listed_title(item, level) for item in page.items]
        yield [
            Unit.of(Subject(level, int(each["ids"]["trakt"])))
            for each in found
            if contract("list_entry").breach(each) is None
        ]
        number, is_last = number + 1, page.is_last
