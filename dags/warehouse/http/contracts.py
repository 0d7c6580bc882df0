"""Contracts: what an answer of an API must have, as JSON Schema, and which keys are new in it."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import fastjsonschema

_Names = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Breach:
    """Where an item breaks its contract: the path in it, and the rule."""

    path: str
    rule: str


class Contract:
    """The contract in the file `path`: a JSON Schema (draft 7)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.stem

    def breach(self, item: object) -> Breach | None:
        """Return the first rule that the item breaks, None where it keeps to all."""
        try:
            self._validate(item)
        except fastjsonschema.JsonSchemaValueException as error:
            rule = f"{error.rule}: {_shown(error.rule_definition)}"
            missing = _missing(error) if error.rule == "required" else ""
            return Breach(f"{error.name}{missing}"[:300], rule[:300])
        return None

    def unknown_keys(self, item: object) -> set[str]:
        """Return the paths of keys that the contract does not name, e.g. `credits.cast[].note`."""
        return set(_unknown(item, self._schema, ""))

    @cached_property
    def version(self) -> str:
        """Eight characters that are others when the file is another."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()[:8]

    @cached_property
    def _schema(self) -> dict[str, Any]:
        schema = json.loads(self.path.read_text("utf-8"))
        resolved: dict[str, Any] = _resolved(schema, schema.get("definitions", {}))
        return resolved

    @cached_property
    def _validate(self) -> Any:
        return fastjsonschema.compile(json.loads(self.path.read_text("utf-8")), use_default=False)


def _resolved(schema: Any, definitions: _Names) -> Any:
    """The schema with its references replaced by what they refer to."""
    if isinstance(schema, list):
        return [_resolved(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if reference := schema.get("$ref"):
        return _resolved(definitions[str(reference).rpartition("/")[2]], definitions)
    return {key: _resolved(value, definitions) for key, value in schema.items()}


def _unknown(value: object, schema: _Names, path: str) -> Iterator[str]:
    if isinstance(value, dict) and (names := schema.get("properties")) is not None:
        for key, inner in value.items():
            known = names.get(key)
            if known is None:
                yield f"{path}.{key}"[1:] if not path else f"{path}.{key}"
            elif isinstance(inner, dict | list):
                yield from _unknown(inner, known, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and (each := schema.get("items")) is not None:
        for inner in value:
            yield from _unknown(inner, each, f"{path}[]")


def _missing(error: Any) -> str:
    value = error.value if isinstance(error.value, dict) else {}
    return "".join(f".{key}" for key in error.rule_definition if key not in value)


def _shown(rule: object) -> str:
    return json.dumps(rule, ensure_ascii=False)
