"""The house's imports point down: sources on `warehouse`, its folders on those above them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

DAGS = Path(__file__).parents[3] / "dags"
# Each folder imports itself and those before it.
FOLDERS = ("errors", "database", "http", "raw", "builds", "runs", "orchestration")
SOURCES = ("imdb", "tmdb", "trakt")


def imports(path: Path) -> Iterator[str]:
    """The modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            yield f"{node.module}"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def modules(folder: Path) -> list[Path]:
    found = sorted(folder.rglob("*.py"))
    assert found
    return found


@pytest.mark.parametrize("path", modules(DAGS / "warehouse"), ids=lambda path: path.stem)
def test_a_module_of_the_warehouse_imports_no_source_and_no_folder_below_its_own(
    path: Path,
) -> None:
    packages = {name.partition(".")[0] for name in imports(path)}
    assert not {name for name in packages if name.endswith(("_pipeline", "_dag"))}
    own = path.relative_to(DAGS / "warehouse").parts[0].removesuffix(".py")
    if own == "__init__":
        return
    allowed = FOLDERS[: FOLDERS.index(own) + 1]
    used = {name.split(".")[1] for name in imports(path) if name.startswith("warehouse.")}
    assert used <= set(allowed), f"{own} is above {used - set(allowed)}"


@pytest.mark.parametrize("path", modules(DAGS / "warehouse"), ids=lambda path: path.stem)
def test_a_module_of_the_warehouse_names_no_source(path: Path) -> None:
    found = re.findall("|".join(SOURCES), path.read_text("utf-8"), re.IGNORECASE)
    assert not found


@pytest.mark.parametrize("package", sorted(DAGS.glob("*_pipeline")), ids=lambda path: path.name)
def test_a_source_imports_no_other_source(package: Path) -> None:
    for path in modules(package):
        packages = {name.partition(".")[0] for name in imports(path)}
        others = {name for name in packages if name.endswith("_pipeline")} - {package.name}
        assert not others, path
