"""The logs that Airflow keeps of its tasks, as text."""

import json
import re

from include.local.layout import Layout

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def task_log(layout: Layout, dag_id: str, run_id: str, task: str, count: int = 20) -> str:
    """Return the last lines of a task's last try, as text."""
    folder = layout.airflow / "logs" / f"dag_id={dag_id}" / f"run_id={run_id}"
    tries = sorted(
        (folder / f"task_id={task}").glob("attempt=*.log"),
        key=lambda path: int(re.sub(r"\D", "", path.stem) or 0),
    )
    if not tries:
        return f"    (no log; see {layout.shown(layout.logs)})"
    lines: list[str] = []
    for record in tries[-1].read_text("utf-8", "replace").splitlines():
        said = log_lines(record)
        # Before this line are those about reading the DAG.
        lines = [] if said == ["Worker startup parse complete"] else lines + said
    shown = "\n".join(f"    {line[:300]}" for line in lines[-count:])
    return f"{shown}\n    (all of it: {layout.shown(tries[-1])})"


def log_lines(record: str) -> list[str]:
    """Return one record of Airflow's JSON log as lines of text; the group marks are dropped."""
    try:
        content = json.loads(record)
    except ValueError:
        return [record]
    if not isinstance(content, dict):
        return [record]
    event = _COLOUR.sub("", str(content.get("event", "")))
    lines = [] if event.startswith("::") else event.splitlines()
    for error in content.get("error_detail") or []:
        said = f"{error.get('exc_type')}: {error.get('exc_value')}"
        lines += _COLOUR.sub("", said).splitlines()
    return lines
