"""Class names are unique in the project, and modules of the product are short."""

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[3]
PRODUCT = ("dags", "include", "bench")
LONGEST_MODULE = 300


def modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def test_no_class_name_is_used_twice() -> None:
    places = defaultdict(list)
    for path in modules(*PRODUCT, "tests"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(str(path.relative_to(ROOT)))
    assert len(places) > 100
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_no_module_of_the_product_is_longer_than_300_lines() -> None:
    lines = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
        for path in modules(*PRODUCT)
    }
    assert {path: count for path, count in lines.items() if count > LONGEST_MODULE} == {}
