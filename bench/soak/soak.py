"""The days of a soak, one after another: run, apply the fault, run again, check."""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2

from bench.files import SampleFiles
from bench.soak.comparison import compare, leftovers
from bench.soak.days import DAMAGES, SoakFiles
from bench.soak.installation import SoakInstallation, kill
from bench.soak.plan import Fault, SoakDay
from bench.soak.strike import prepare, strike, table_locked
from bench.workspace import progress
from imdb_pipeline.config import DATASETS
from include.local.warehouse import start_embedded
from warehouse.http.cache import sha256_of

_LONGEST_RUN = 1800.0  # seconds; a longer run is stuck
_LOOK = 0.05


@dataclass
class DayResult:
    """A day: the end of its first run and of the repeat in words, and the problems found."""

    day: SoakDay
    first: str = ""
    again: str = ""
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)


class Soak:
    """One soak in the folder `root`; `results` has the days."""

    def __init__(self, root: Path, *, titles: int) -> None:
        self.root = root
        self.daily = SoakInstallation(root / "daily")
        self.clean = SoakInstallation(root / "clean")
        self.files = SoakFiles(root / "days", titles=titles)
        self.results: list[DayResult] = []

    def stop(self) -> None:
        """End all processes; the files stay."""
        for installation in (self.daily, self.clean):
            installation.stop()

    def remove(self) -> None:
        """End all processes and remove all files."""
        for installation in (self.daily, self.clean):
            installation.remove()
        shutil.rmtree(self.root, ignore_errors=True)

    def run(self, planned: Sequence[SoakDay]) -> list[tuple[str, list[str], str]]:
        """Run all days; return each check, its problems, and the words for none."""
        for day in planned:
            result = DayResult(day)
            began = time.monotonic()
            self._run_day(result)
            result.seconds = time.monotonic() - began
            self.results.append(result)
        last = planned[-1].number
        progress(f"day {last}, built from nothing")
        if problem := self._run(self.clean, self.files.of(last), "clean"):
            return [("faults of the clean build", [problem], "")]
        start_embedded(self.daily.layout)
        tables, rows, differences = compare(self.daily, self.clean)
        problems = [
            f"day {one.day.number}: {text}" for one in self.results for text in one.problems
        ]
        return [
            (f"differences from a clean build of day {last}", differences,
             f"none in {tables} tables and views, {rows:,} rows"),
            ("problems on a day", problems, f"none on {len(planned)} days"),
        ]  # fmt: skip

    def _run_day(self, result: DayResult) -> None:
        day, files = result.day, self.files.of(result.day.number)
        progress(f"day {day.number}: {day.fault or 'no fault'}")
        if day.number > 1:
            start_embedded(self.daily.layout)  # it may be down after a fault
        if day.fault is None:
            problem = self._run(self.daily, files, f"day-{day.number}")
        else:
            problem = self._run_with(day.fault, result, files)
            expected = day.fault.kind.green
            if expected is not None and expected != (problem is None):
                result.problems.append(f"the run with the fault ended: {problem or 'green'}")
        result.first = problem or "green"
        if problem and day.fault:
            problem = self._run(self.daily, files, f"day-{day.number}-again")
            result.again = problem or "green"
        if problem:
            result.problems.append(f"the last run of the day is not green: {problem}")
        result.problems += self._check(files)
        for found in result.problems:
            progress(f"    PROBLEM: {found}")
        self.daily.forget_sessions()

    def _run_with(self, fault: Fault, result: DayResult, files: SampleFiles) -> str | None:
        name = f"day-{result.day.number}"
        if fault.kind.at_table:
            return self._run_locked(fault, result, files, name)
        if fault.kind.name in DAMAGES:
            files = self.files.damaged(result.day.number, fault.target, fault.kind.name)
            before = self._newest_publish()
            problem = self._run(self.daily, files, name)
            if self._newest_publish() != before:
                result.problems.append("marts were published from a damaged file")
            return problem
        if found := prepare(self.daily, fault):
            result.problems.append(found)
        return self._run(self.daily, files, name)

    def _run_locked(
        self, fault: Fault, result: DayResult, files: SampleFiles, name: str
    ) -> str | None:
        log = self.root / "logs" / f"{name}.log"
        with table_locked(self.daily, fault.target) as waiting:
            make = self.daily.command("run", log, files.folder)
            session = None
            while session is None and self.daily.ended(make, _LOOK) is None:
                with contextlib.suppress(psycopg2.Error):
                    session = waiting()
            if session is None:
                result.problems.append(f"the run never waited for {fault.target}")
            elif found := strike(self.daily, make, fault, session):
                result.problems.append(found)
        return self._ended(self.daily, make, log)

    def _run(self, installation: SoakInstallation, files: SampleFiles, name: str) -> str | None:
        """Run `make run`; return None for a green run, else the last line of its output."""
        log = self.root / "logs" / f"{name}.log"
        return self._ended(installation, installation.command("run", log, files.folder), log)

    def _ended(
        self, installation: SoakInstallation, make: "subprocess.Popen[bytes]", log: Path
    ) -> str | None:
        code = installation.ended(make, _LONGEST_RUN)
        if code == 0:
            return None
        if code is None:
            kill(installation.family())
            return f"stuck, killed after {_LONGEST_RUN:.0f} s"
        lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines()]
        if "What is wrong:" in lines[:-1]:
            return lines[lines.index("What is wrong:") + 1]
        lines = [line for line in lines if line and not line.startswith("make: ")]
        return "killed" if code < 0 else (lines or [f"exit code {code}"])[-1]

    def _check(self, files: SampleFiles) -> list[str]:
        try:
            found = [f"left by the run: {each}" for each in leftovers(self.daily)]
            for dataset in DATASETS:
                newest = self.daily.rows(
                    "select snapshot_sha256 from meta.load_log where dataset = %s "
                    "order by load_id desc limit 1",
                    dataset.name,
                )
                if newest != [(sha256_of(files.path(dataset)),)]:
                    found.append(f"the newest load of {dataset.name} is not of the day's file")
        except psycopg2.Error as error:
            found = [f"the warehouse does not answer: {error}"]
        return found

    def _newest_publish(self) -> int:
        query = "select coalesce(max(publish_id), 0) from meta.publish_log"
        return int(self.daily.rows(query)[0][0])
