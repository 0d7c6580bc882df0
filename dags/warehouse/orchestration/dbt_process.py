"""One `dbt build` in this process, and how each of its models ended, reported as it ends.

A model has ended when dbt has finished it and all of its tests. A test belongs to the model that it
is attached to; one in a file of its own belongs to those that it reads and that no other model it
reads is built from.
"""

import json
import logging
import shutil
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from warehouse.errors import WarehouseRefused

log = logging.getLogger(__name__)

SUCCESS, FAILED, SKIPPED = "success", "failed", "skipped"
_BUILT = ("model", "seed", "snapshot")
_BAD = frozenset({"error", "fail", "runtime error", "partial success"})
Report = Callable[[str, dict[str, Any]], None]


def run_dbt_build(
    project_dir: Path, manifest: Path, select: str, *, full_refresh: bool, report: Report
) -> None:
    """Run `dbt build --select <select>`; `report(name, result)` is called for each model.

    A result has `status` (success, failed, skipped), `message` (why, or figures) and `lines` (what
    dbt said). Raises `WarehouseRefused` where dbt did not work to its end, or where something
    failed that is no model's: a hook.
    """
    watcher = Watcher(json.loads(manifest.read_text("utf-8")), report)
    with tempfile.TemporaryDirectory(prefix="dbt-") as target:
        partial_parse = manifest.with_name("partial_parse.msgpack")
        if partial_parse.is_file():
            shutil.copyfile(partial_parse, Path(target) / partial_parse.name)
        run_dbt(
            project_dir,
            Path(target),
            [
                "build", "--select", select, "--exclude-resource-type", "unit_test",
                # A test runs when all that it reads is built.
                "--indirect-selection", "buildable", "--target", "prod",
                *(["--full-refresh"] if full_refresh else []),
            ],
            watcher.take,
        )  # fmt: skip
    watcher.finish()
    if watcher.failed_elsewhere:
        raise WarehouseRefused("dbt: " + "; ".join(watcher.failed_elsewhere))


def run_dbt(
    project_dir: Path,
    target: Path,
    command: Sequence[str],
    take: Callable[[Any], None] | None = None,
) -> None:
    """Run a dbt command in this process, its files in `target`; `take` gets each of its events.

    Raises `WarehouseRefused` where dbt did not work to its end. A failed model is no such case.
    """
    # Late: they cost three seconds, which only a process that runs dbt should pay.
    from dbt.cli.main import dbtRunner  # noqa: PLC0415
    from dbt_common.events.functions import reset_metadata_vars  # noqa: PLC0415

    # Several builds may share one process, each with a run id of its own.
    reset_metadata_vars()
    outcome = dbtRunner(callbacks=[take or _log]).invoke(
        [
            "--log-level", "none", "--log-level-file", "none", "--no-use-colors",
            *(["--no-write-json", "--cache-selected-only"] if "build" in command else []),
            *command,
            "--project-dir", str(project_dir), "--profiles-dir", str(project_dir),
            "--profile", "film_warehouse", "--target-path", str(target),
        ]
    )  # fmt: skip
    if outcome.exception is not None:
        raise WarehouseRefused(f"dbt {command[0]} ended with an error: {outcome.exception}")


def _log(event: Any) -> None:
    info = event.info
    if info.level != "debug" and info.msg.strip():
        getattr(log, info.level, log.info)(info.msg)


@dataclass(slots=True)
class Ending:
    """What is known of a model: what has not ended yet, and what was said."""

    waiting: set[str]
    status: str = SKIPPED
    messages: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    figures: str = ""
    reported: bool = False


class Watcher:
    """Follows dbt's events, which come from several threads."""

    def __init__(self, manifest: Mapping[str, Any], report: Report) -> None:
        self.failed_elsewhere: list[str] = []
        self._nodes = manifest["nodes"]
        self._report = report
        self._lock = threading.Lock()
        self._owners: dict[str, list[str]] = {}
        waiting: dict[str, set[str]] = defaultdict(set)
        for key in self._nodes:
            for owner in self._owners_of(key):
                self._owners.setdefault(key, []).append(owner)
                waiting[owner].add(key)
        self._endings = {owner: Ending(keys) for owner, keys in waiting.items()}

    def take(self, event: Any) -> None:
        """Take one of dbt's events; the callback of `dbtRunner`."""
        info, node = event.info, getattr(event.data, "node_info", None)
        if info.name == "NodeFinished" and node is not None:
            result = event.data.run_result
            with self._lock:
                ended = self._note(node.unique_id, str(node.node_status), str(result.message))
            for owner in ended:
                self._report_ended(owner)
        elif info.level != "debug" and info.msg.strip():
            _log(event)
            with self._lock:
                for owner in self._owners.get(node.unique_id, ()) if node else ():
                    self._endings[owner].lines.append(info.msg)

    def finish(self) -> None:
        """Report the models that dbt finished although some of their tests were not selected."""
        for owner, ending in self._endings.items():
            if not ending.reported and owner not in ending.waiting:
                self._report_ended(owner)

    def _note(self, key: str, status: str, message: str) -> list[str]:
        """Note that a node ended; return the models that ended with it."""
        if key not in self._owners:
            if status in _BAD:
                self.failed_elsewhere.append(f"{key}: {message}")
            return []
        for owner in self._owners[key]:
            ending = self._endings[owner]
            ending.waiting.discard(key)
            if status in _BAD:
                ending.status = FAILED
                ending.messages.append(_said(self._nodes[key], status, message))
            elif key == owner and status != SKIPPED:
                ending.status, ending.figures = SUCCESS, message
            if key == owner and ending.status != SUCCESS:
                ending.waiting.clear()  # Its tests are skipped.
        return [
            owner
            for owner in self._owners[key]
            if not (self._endings[owner].waiting or self._endings[owner].reported)
        ]

    def _report_ended(self, owner: str) -> None:
        ending = self._endings[owner]
        ending.reported = True
        message = "; ".join(ending.messages) or ending.figures or ending.status
        self._report(
            str(self._nodes[owner]["name"]),
            {"status": ending.status, "message": message, "lines": ending.lines},
        )

    def _owners_of(self, key: str) -> Sequence[str]:
        node = self._nodes[key]
        if node["resource_type"] in _BUILT:
            return [key] if self._is_built(key) else []
        if node["resource_type"] != "test":
            return []
        if node.get("attached_node") in self._nodes:
            return [node["attached_node"]] if self._is_built(node["attached_node"]) else []
        read = [each for each in node["depends_on"]["nodes"] if self._is_built(each)]
        behind = {above for each in read for above in self._above(each)}
        return [each for each in read if each not in behind]

    def _is_built(self, key: str) -> bool:
        """Whether the node has a task: an ephemeral model is part of those that read it."""
        node = self._nodes.get(key)
        return node is not None and node["config"].get("materialized") != "ephemeral"

    def _above(self, key: str) -> set[str]:
        found: set[str] = set()
        left = [key]
        while left:
            for above in self._nodes[left.pop()].get("depends_on", {}).get("nodes", ()):
                if above in self._nodes and above not in found:
                    found.add(above)
                    left.append(above)
        return found


def _said(node: Mapping[str, Any], status: str, message: str) -> str:
    said = f"{node['resource_type']} {node['name']}: {message}"
    if status == "fail" and node["config"].get("store_failures"):
        said += f"; the failing rows are in {node['schema']}.{node['alias']}"
    return said
