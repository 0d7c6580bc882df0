"""The dbt project: which tables are a source's marts, and a hash of what its models depend on.

The names come from the manifest, where every model says its layer and its source in
`config.meta`. The folders of the project are not listed for that.
"""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from warehouse.errors import PermanentError

# Metrics (semantic) are questions to tables and make none.
_NOT_SOURCE_CODE = frozenset({"target", "logs", "dbt_packages", "__pycache__", "semantic"})


def project_sha256(project_dir: Path, *, without: Collection[str] = ()) -> str:
    """Return a hash over the names and contents of the files that tables are made of.

    Files in a folder that is named in `without`, at any depth, do not count.
    """
    left_out = _NOT_SOURCE_CODE.union(without)
    digest = hashlib.sha256()
    for path in sorted(project_dir.rglob("*")):
        inside = path.relative_to(project_dir)
        if not path.is_file() or left_out.intersection(inside.parts) or inside.name[0] == ".":
            continue
        digest.update(f"{inside.as_posix()}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class DbtProject:
    """The dbt project in `project_dir`, as the manifest at `manifest_path` describes it.

    The manifest is read when it is asked for something, each time, and parsed when it is another.
    """

    project_dir: Path
    manifest_path: Path

    def sources(self) -> tuple[str, ...]:
        """Return the sources that have marts, sorted by name. Raises as `sha256` does."""
        return tuple(
            sorted({str(_meta(model)["source"]) for model in self._models() if _is_mart(model)})
        )

    def marts(self, source: str) -> tuple[str, ...]:
        """Return the tables that are published for `source`, sorted by name.

        Raises `PermanentError` where there is no manifest, or where it does not know a model of the
        project: it has no task then, and would never be built.
        """
        models = self._models()
        known = {str(model["original_file_path"]) for model in models}
        found = {
            path.relative_to(self.project_dir).as_posix()
            for path in (self.project_dir / "models").rglob("*.sql")
        }
        if unknown := sorted(found - known):
            raise PermanentError(
                f"the manifest {self.manifest_path} does not have {', '.join(unknown)}, so no task "
                "builds it. Run `make manifest`, or build the image again; then start a new run."
            )
        return tuple(sorted(_table(model) for model in models if _is_mart(model, source)))

    def reads_marts_of(self, source: str, *, live: str = "marts") -> tuple[str, ...]:
        """Return the other sources whose published marts the models of `source` read, sorted.

        The marts are tables of dbt sources in the schema `live`. Raises as `sha256` does.
        """
        manifest = self._manifest()
        models = _models(manifest)
        tables = {
            name: table["identifier"]
            for name, table in manifest.get("sources", {}).items()
            if table["schema"] == live
        }
        read = {
            tables[name]
            for model in models
            if _meta(model).get("source") == source
            for name in model.get("depends_on", {}).get("nodes", ())
            if name in tables
        }
        owners = {
            str(_meta(model)["source"])
            for model in models
            if _is_mart(model) and _table(model) in read
        }
        return tuple(sorted(owners - {source}))

    def sha256(self, source: str) -> str:
        """Return a hash over the files that the models of `source` depend on.

        These are all files of the project but those in folders of other sources with marts, e.g.
        models/marts/<other>/ or macros/<other>/. Raises `PermanentError` without a manifest.
        """
        others = set(self.sources()) - {source}
        return project_sha256(self.project_dir, without=others)

    def _models(self) -> list[dict[str, Any]]:
        return _models(self._manifest())

    def _manifest(self) -> dict[str, Any]:
        try:
            return _parsed(self.manifest_path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise PermanentError(
                f"the dbt manifest {self.manifest_path} cannot be read ({error}). Run `make "
                "manifest`, or build the image again; then start a new run."
            ) from error


@lru_cache(maxsize=1)
def _parsed(manifest: str) -> dict[str, Any]:
    """Parse a manifest once: that takes longer than reading it. Callers change nothing in it."""
    content: dict[str, Any] = json.loads(manifest)
    return content


def _models(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    disabled = [node for nodes in manifest.get("disabled", {}).values() for node in nodes]
    return [
        node
        for node in (*manifest["nodes"].values(), *disabled)
        if node["resource_type"] == "model"
    ]


def _meta(model: dict[str, Any]) -> dict[str, Any]:
    meta = model["config"].get("meta")
    return meta if isinstance(meta, dict) else {}


def _is_mart(model: dict[str, Any], source: str | None = None) -> bool:
    meta = _meta(model)
    return (
        meta.get("layer") == "marts"
        and source in {None, meta.get("source")}
        and model["config"].get("enabled", True)
    )


def _table(model: dict[str, Any]) -> str:
    return str(model.get("alias") or model["name"])
