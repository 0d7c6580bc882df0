"""A contract says which rule an item breaks and where, and which keys it does not know."""

import json
from pathlib import Path

import pytest

from warehouse.http.contracts import Breach, Contract

SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "required": ["id", "cast"],
    "properties": {
        "id": {"type": "integer"},
        "note": {"type": ["string", "null"]},
        "cast": {"type": "array", "items": {"$ref": "#/definitions/member"}},
    },
    "definitions": {
        "member": {
            "type": "object",
            "required": ["name"],
            "properties": {"name": {"type": "string"}},
        }
    },
}
GOOD = {"id": 1, "note": None, "cast": [{"name": "Ada"}]}


@pytest.fixture
def contract(tmp_path: Path) -> Contract:
    path = tmp_path / "thing.json"
    path.write_text(json.dumps(SCHEMA), "utf-8")
    return Contract(path)


@pytest.mark.parametrize(
    ("item", "breach"),
    [
        (GOOD, None),
        ({"id": 1, "cast": []}, None),
        ({"id": 1}, Breach("data.cast", 'required: ["id", "cast"]')),
        ({**GOOD, "id": "1"}, Breach("data.id", 'type: "integer"')),
        (
            {**GOOD, "cast": [{"name": "Ada"}, {}]},
            Breach("data.cast[1].name", 'required: ["name"]'),
        ),
        (None, Breach("data", 'type: "object"')),
    ],
)
def test_the_first_rule_that_an_item_breaks_is_named_with_its_path(
    contract: Contract, item: object, breach: Breach | None
) -> None:
    assert contract.breach(item) == breach


def test_keys_that_it_does_not_name_are_no_breach_and_are_found(contract: Contract) -> None:
    item = {**GOOD, "new": 1, "cast": [{"name": "Ada", "age": 3}, {"name": "Bob", "age": {"x": 1}}]}

    assert contract.breach(item) is None
    assert contract.unknown_keys(item) == {"new", "cast[].age"}
    assert contract.unknown_keys(GOOD) == set()
