"""The end of a run as a person reads it: pure functions from figures to text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from warehouse.runs.service_levels import HEADING

_WORDS = {
    "loaded": "loaded",
    "unchanged": "unchanged",
    "not_selected": "left out",
    "failed": "FAILED",
}


@dataclass(frozen=True, slots=True)
class Film:
    """A row of the first question of the models: the best-rated films."""

    title: str
    year: int | None
    rating: float
    votes: int
    score: float


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A dataset that the run did not load: when it was loaded last (None: never), who reads it."""

    dataset: str
    loaded_at: str | None
    models: tuple[str, ...]


def render_summary(summary: Mapping[str, Any], remarks: Sequence[str] = ()) -> str:
    """Return the report of a run; `summary` is `meta.run_log.summary`.

    `remarks` are blocks of text about the source, which come last.
    """
    blocks = [
        *_datasets(summary["datasets"]),
        _dbt(summary),
        *_levels(summary.get("figures", {}).get(HEADING, {})),
        *([render_errors(errors)] if (errors := summary.get("errors")) else []),
        *remarks,
    ]
    return "\n\n".join(blocks)


def render_errors(errors: Sequence[Mapping[str, str]]) -> str:
    """Return a line for each failed task: why it failed."""
    return "\n".join(
        ["What is wrong:", *(f"  {error['task']}: {error['message']}" for error in errors)]
    )


def render_failure(tasks: Mapping[str, str], advice: str) -> str:
    """Return the failed tasks with the ends of their logs, and what to do."""
    blocks = [f"FAILED  {task}\n{log}" for task, log in tasks.items()]
    return "\n\n".join([*blocks, advice])


def _datasets(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a table of the files and one of what an API was asked for."""
    asked = [row for row in rows if "requests" in row]
    # What did not run has no figures: it belongs to the table of the others.
    others = [row for row in rows if "requests" not in row]
    if not asked:
        return [_files(others)]
    return [_api([*asked, *others])]


def _files(rows: Sequence[Mapping[str, Any]]) -> str:
    head = f"{'file':<17} {'':<10} {'rows':>13} {'new':>11} {'changed':>11} {'gone':>11} {'s':>7}"
    lines = [head]
    for row in sorted(rows, key=lambda row: str(row["dataset"])):
        line = _name_and_status(row)
        if row.get("rows") is not None:
            figures = [row["rows"], *(row.get(f"rows_{k}") for k in ("inserted", "updated"))]
            seconds = (row.get("download_seconds") or 0) + (row.get("load_seconds") or 0)
            line += f" {_count(figures[0]):>13} {_sign('+', figures[1]):>11}"
            line += f" {_sign('~', figures[2]):>11} {_sign('-', row.get('rows_deleted')):>11}"
            line += f" {seconds:>7.1f}"
        lines.append(line)
    return "\n".join(lines)


def _api(rows: Sequence[Mapping[str, Any]]) -> str:
    """The steps in the order of the run: a list names what details are asked for."""
    heads = ("asked", "new", "changed", "unchanged", "gone", "refused", "failed", "due", "s")
    lines = [f"{'answers':<17} {'':<10}" + "".join(f" {head:>9}" for head in heads)]
    for row in rows:
        line = _name_and_status(row)
        if "requests" in row:
            figures = [
                _count(row["requests"]),
                _sign("+", row.get("rows_inserted")),
                _sign("~", row.get("rows_updated")),
                *(
                    _count(row.get(key) or None)
                    for key in ("unchanged", "gone", "quarantined", "failed", "due")
                ),
                f"{row.get('load_seconds') or 0:.1f}",
            ]
            line += "".join(f" {figure:>9}" for figure in figures)
        lines.append(line)
    lines += [
        f"  {row['dataset']}: {_count(row['quarantined'])} of its items do not keep to their "
        "contract, see raw.quarantine"
        for row in rows
        if row.get("quarantined")
    ]
    return "\n".join(lines)


def _name_and_status(row: Mapping[str, Any]) -> str:
    status = str(row["status"])
    return f"{row['dataset']:<17} {_WORDS.get(status, status):<10}"


def render_left_out(left_out: Sequence[LeftOut]) -> list[str]:
    """Return what the run did not load as a block of text, nothing where it loaded all."""
    if not left_out:
        return []
    lines = ["Not loaded by this run:"]
    for entry in left_out:
        state = f"rows of {entry.loaded_at}" if entry.loaded_at else "no rows: it was never loaded"
        lines.append(f"  {entry.dataset}: {state}; read by {', '.join(entry.models) or 'no model'}")
    return ["\n".join(lines)]


def _dbt(summary: Mapping[str, Any]) -> str:
    dbt = summary["dbt"]
    tests = dbt["tests"]
    if summary.get("rolled_back"):
        lines = ["marts: the ones before the last publish are live again"]
    elif dbt["status"] == "skipped":
        lines = [
            "dbt: nothing to build, the published marts are made from these very rows"
            if summary["state"] == "success"
            else "dbt: not begun"
        ]
    else:
        figures = f"{tests['pass']} passed, {tests['warn']} warned, {tests['fail']} failed"
        lines = [f"dbt: {dbt['models']} models, tests: {figures}"]
    for word, findings in (("failed", dbt["failures"]), ("warned", dbt["warnings"])):
        for finding in findings:
            rows = _count(finding["failures"]) if finding["failures"] is not None else "?"
            where = f", see {finding['failures_table']}" if finding["failures_table"] else ""
            noun = "row" if rows == "1" else "rows"
            lines.append(f"  {word}: {finding['test']} ({rows} {noun}{where})")
            lines += [f"    {example}" for example in finding.get("examples", ())]
    if summary["published"]:
        lines.append("marts: published")
    elif summary["state"] != "success":
        lines.append("marts: not published, readers see the state before this run")
    return "\n".join(lines)


def _levels(levels: Mapping[str, str]) -> list[str]:
    """Return the service levels as a block of text, nothing where none was measured."""
    if not levels:
        return []
    return ["\n".join([f"{HEADING}:", *(f"  {name}: {text}" for name, text in levels.items())])]


def render_films(films: Sequence[Film]) -> list[str]:
    """Return the films as a block of text, nothing where there are none."""
    if not films:
        return []
    width = max(len(film.title) for film in films)
    lines = [
        f"  {film.title:<{width}}  {film.year or '':<4}  {film.rating:>4.1f}"
        f"  {_count(film.votes):>11} votes  score {film.score:.2f}"
        for film in films
    ]
    return ["\n".join(["Best-rated films (10,000 votes or more):", *lines])]


def _count(number: int | None) -> str:
    return "" if number is None else f"{number:,}"


def _sign(sign: str, number: int | None) -> str:
    return f"{sign}{number:,}" if number else ""
