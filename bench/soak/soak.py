"""The days, one after another: run, be struck, run again, look around."""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import psycopg2

from bench.files import Files
from bench.soak import verdict
from bench.soak.analyst import Analyst
from bench.soak.comparison import compare, replay
from bench.soak.damage import DAMAGES
from bench.soak.days import Days
from bench.soak.growth import Size, leftovers, measured
from bench.soak.installation import Installation
from bench.soak.page import Lived, Outcome, said
from bench.soak.plan import FIRST_FAULT_DAY, Day, Fault
from bench.soak.source import Source, running_source
from bench.soak.strike import beforehand, held_up, kill, own_file_system, strike
from bench.soak.verdict import Check
from bench.workspace import progress
from imdb_pipeline.config import DATASETS, dataset_named
from include.local.warehouse import start_embedded
from warehouse.http.cache import sha256_of

# Seconds after which a run is taken for stuck.
_LONGEST_RUN = 1800.0
_LOOK = 0.05
_RATINGS = dataset_named("title.ratings")


class Soak:
    """One soak in `root`; `lived` and `sizes` are there afterwards."""

    def __init__(self, root: Path, *, titles: int, seed: int) -> None:
        self.root = root
        self.daily = Installation(root / "daily")
        self.fresh = Installation(root / "fresh")
        self.days = Days(root / "days", titles=titles, seed=seed)
        self.analyst = Analyst(self.daily)
        self.lived: list[Lived] = []
        self.sizes: list[Size] = []
        self._ratings: dict[str, Path] = {}
        self._runs = 0

    def stop(self) -> None:
        """End what runs; what it left stays, to be looked at."""
        self.analyst.stop()
        for installation in (self.daily, self.fresh):
            installation.stop()

    def remove(self) -> None:
        """End what runs and remove everything."""
        for installation in (self.daily, self.fresh):
            installation.remove()
        shutil.rmtree(self.root, ignore_errors=True)

    def live(self, planned: Sequence[Day]) -> list[Check]:
        """Live through the days and judge what is left at the end."""
        self.daily.layout.make()
        own_file_system(self.daily.layout.data, self.days.titles)
        with running_source() as source:
            for day in planned:
                self.lived.append(self._live(day, source))
            progress("the last day, from nothing")
            last = self.days.files(planned[-1].number)
            with source.serve(last.folder):
                clean = self._run(self.fresh, source, "clean")
        self.analyst.stop()
        if not clean.good:
            return [verdict.nothing("faults of the clean build", [clean.said], good="")]
        start_embedded(self.daily.layout)
        return self._judge(planned, last)

    def _live(self, day: Day, source: Source) -> Lived:
        lived = Lived(day)
        if day.skipped:
            progress(f"day {day.number}: skipped")
            return lived
        files = self.days.files(day.number)
        self._note_ratings(files)
        progress(f"day {day.number}: {day.fault or 'nothing wrong'}")
        if day.number > 1:
            start_embedded(self.daily.layout)  # where the day before did not end well
        if day.fault:
            lived.first = self._struck(day.fault, day, files, source, lived)
        else:
            with source.serve(files.folder):
                lived.first = self._run(self.daily, source, f"day-{day.number}")
        progress(f"    {lived.first.said[:200]} ({lived.first.seconds:.0f} s)")
        self._check_outcome(lived)
        if not lived.first.good and day.fault:
            with source.serve(files.folder):
                lived.repeat = self._run(self.daily, source, f"day-{day.number}-again")
            progress(f"    again: {lived.repeat.said[:200]} ({lived.repeat.seconds:.0f} s)")
        last = lived.repeat or lived.first
        if not last.good:
            lived.findings.append(f"the last run of the day is not green: {last.said}")
        lived.findings += self._look_around(files)
        for finding in lived.findings:
            progress(f"    NOT RIGHT: {finding}")
        with contextlib.suppress(psycopg2.Error):
            self.sizes.append(measured(self.daily, day.number))
        self.daily.forget_sessions()
        if day.number == 1 and last.good:
            self.analyst.start()
        return lived

    def _struck(
        self, fault: Fault, day: Day, files: Files, source: Source, lived: Lived
    ) -> Outcome:
        """Run the day with its fault."""
        name = f"day-{day.number}"
        if fault.kind.name in DAMAGES:
            lived.struck = True
            return self._with_damage(fault, day, source, lived)
        with source.serve(files.folder), ExitStack() as stack:
            if fault.kind.steps:
                return self._held_up(fault, name, source, lived, stack)
            problem = stack.enter_context(beforehand(self.daily, source, fault))
            if problem:
                lived.why_not = problem
            outcome = self._run(self.daily, source, name)
            lived.struck = problem is None and source.waiting == 0
            lived.why_not = lived.why_not or "nobody asked for the file"
            return outcome

    def _with_damage(self, fault: Fault, day: Day, source: Source, lived: Lived) -> Outcome:
        dataset = dataset_named(fault.place.what)
        bad = self.days.damaged(day.number, dataset, fault.kind.name)
        if dataset == _RATINGS:
            self._note_ratings(bad)
        before = self._newest_publish()
        with source.serve(bad.folder):
            outcome = self._run(self.daily, source, f"day-{day.number}")
        if self._newest_publish() != before:
            lived.findings.append("marts were published from a bad file")
        sha256 = sha256_of(bad.path(dataset))
        # The file of another dataset is a good one there.
        if fault.kind.name != "impossible" and self.daily.rows(
            "select from meta.load_log where snapshot_sha256 = %s and dataset = %s",
            sha256,
            dataset.name,
        ):
            lived.findings.append(f"the bad file of {dataset.name} was loaded")
        return outcome

    def _held_up(
        self, fault: Fault, name: str, source: Source, lived: Lived, stack: ExitStack
    ) -> Outcome:
        reached = stack.enter_context(held_up(self.daily, source, fault.place))
        if reached is None:
            lived.why_not = "there is no such table yet"
            return self._run(self.daily, source, name)
        began = time.monotonic()
        log = self.root / "said" / f"{name}.log"
        self._runs += 1
        make = self.daily.command("run", log, source.base_url)
        client = None
        while client is None and self.daily.ended(make, _LOOK) is None:
            with contextlib.suppress(psycopg2.Error):
                client = reached()
            if time.monotonic() - began > _LONGEST_RUN:
                break
        if client is None:
            lived.why_not = "the run never came there"
        else:
            lived.struck = True
            if fault.kind.name == "kill-postgres":
                self.analyst.away.set()
            problem = strike(self.daily, make, fault, client)
            if problem:
                lived.findings.append(problem)
        stack.close()  # lets go of what was held up
        return self._ended(self.daily, make, log, began)

    def _run(self, installation: Installation, source: Source, name: str) -> Outcome:
        log = self.root / "said" / f"{name}.log"
        self._runs += installation is self.daily
        began = time.monotonic()
        make = installation.command("run", log, source.base_url)
        return self._ended(installation, make, log, began)

    def _ended(
        self, installation: Installation, make: "subprocess.Popen[bytes]", log: Path, began: float
    ) -> Outcome:
        code = installation.ended(make, _LONGEST_RUN)
        seconds = time.monotonic() - began
        if code is None:
            kill(installation.family())
            return Outcome(None, f"stuck: killed after {seconds:.0f} s", seconds)
        if code < 0:
            return Outcome(None, "killed", seconds)
        return Outcome(code, said(log.read_text("utf-8", "replace"), self.root), seconds)

    def _check_outcome(self, lived: Lived) -> None:
        first, fault = lived.first, lived.day.fault
        if first is None or fault is None:
            return
        expected = fault.kind.green if lived.struck else True
        if expected is not None and first.good != expected:
            how = "green in spite of its fault" if first.good else "not green"
            lived.findings.append(f"the first run is {how}: {first.said}")

    def _look_around(self, files: Files) -> list[str]:
        """Return what is not as a green run has to leave it."""
        try:
            found = leftovers(self.daily)
            for dataset in DATASETS:
                newest = self.daily.rows(
                    "select snapshot_sha256 from meta.load_log where dataset = %s "
                    "order by load_id desc limit 1",
                    dataset.name,
                )
                if newest != [(sha256_of(files.path(dataset)),)]:
                    found.append(f"the newest load of {dataset.name} is not of the day's file")
            behind = self.daily.rows(
                "select newest.load_id, made.load_id from "
                "(select max(load_id) as load_id from meta.load_log) as newest, "
                "(select load_id from meta.publish_log order by publish_id desc limit 1) as made "
                "where newest.load_id <> made.load_id"
            )
            found += [
                f"the newest load is {one}, the marts are of {other}" for one, other in behind
            ]
        except psycopg2.Error as error:
            found = [f"the warehouse cannot be asked: {error}"]
        return found

    def _newest_publish(self) -> int:
        return int(
            self.daily.rows("select coalesce(max(publish_id), 0) from meta.publish_log")[0][0]
        )

    def _note_ratings(self, files: Files) -> None:
        path = files.path(_RATINGS)
        self._ratings[sha256_of(path)] = path

    def _judge(self, planned: Sequence[Day], last: Files) -> list[Check]:
        rows, differences = compare(self.daily, self.fresh)
        replayed, history = replay(self.daily, self._ratings)
        fresh = measured(self.fresh, 0)
        before = max(
            (size for size in self.sizes if size.day < FIRST_FAULT_DAY), key=lambda size: size.day
        )
        self.sizes.append(fresh)
        findings = [f"day {one.day.number}: {text}" for one in self.lived for text in one.findings]
        readings = self.analyst.readings
        faults = [one for one in self.lived if one.day.fault]
        missed = [f"day {one.day.number}: {one.why_not}" for one in faults if not one.struck]
        return [
            verdict.nothing(
                f"differences from the clean build of day {planned[-1].number}", differences,
                good=f"none in {len(rows)} tables and views, {sum(rows.values()):,} rows",
            ),
            verdict.nothing(
                "differences from the history of ratings that the files give", history,
                good=f"none in {replayed:,} versions",
            ),
            verdict.nothing(
                "days that did not end well", findings,
                good=f"none of {sum(one.first is not None for one in self.lived)}",
            ),
            verdict.nothing(
                "faults that could not strike", missed, good=f"none of {len(faults)}"
            ),
            verdict.nothing(
                "errors that the analyst met while Postgres was up", readings.errors,
                good=f"none in {readings.reads:,} reads, the slowest {readings.slowest:.1f} s",
            ),
            *verdict.growth(
                before, self.sizes[-2], fresh, files=len(DATASETS),
                runs=self._runs - before.day,
                served=sum(last.path(each).stat().st_size for each in DATASETS),
            ),
        ]  # fmt: skip
