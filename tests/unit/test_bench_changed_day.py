"""The day later of the benchmarks: a file like the one before, with few rows changed."""

from pathlib import Path

import pytest
from isal import igzip

from bench.changed_day import SHARES, change, change_file
from bench.files import Files
from imdb_pipeline.config import DATASETS
from include.sample.maker import make_sample
from warehouse.raw.dataset import Dataset

NAMES = [dataset.name for dataset in DATASETS]


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> tuple[Files, Files]:
    folder = tmp_path_factory.mktemp("days")
    make_sample(folder / "1", titles=10_000)
    before = Files(folder / "1")
    after, _ = change(before, folder / "2", seed=2)
    return before, after


def rows(files: Files, dataset: Dataset) -> tuple[bytes, dict[tuple[bytes, ...], bytes], int]:
    """The header, the lines by key, and how many there are."""
    with igzip.open(files.path(dataset)) as packed:
        header, *lines = packed.read().removesuffix(b"\n").split(b"\n")
    width = len(dataset.key)
    return header, {tuple(line.split(b"\t")[:width]): line for line in lines}, len(lines)


@pytest.mark.parametrize("dataset", DATASETS, ids=NAMES)
def test_the_file_is_a_snapshot_still(days: tuple[Files, Files], dataset: Dataset) -> None:
    header, lines, count = rows(days[1], dataset)
    assert header == dataset.header
    assert len(lines) == count  # no key twice
    assert all(line.count(b"\t") == len(dataset.columns) - 1 for line in lines.values())
    titles = [key[0] for key in lines]
    assert titles == sorted(titles)


@pytest.mark.parametrize("dataset", DATASETS, ids=NAMES)
def test_about_the_share_that_is_named_changes(days: tuple[Files, Files], dataset: Dataset) -> None:
    (_, before, count), (_, after, _) = rows(days[0], dataset), rows(days[1], dataset)
    share = SHARES[dataset.name]
    updated = sum(before[key] != after[key] for key in before.keys() & after.keys())
    for found, wanted in (
        (updated, share.updated),
        (len(before.keys() - after.keys()), share.removed),
        (len(after.keys() - before.keys()), share.added),
    ):
        expected = count * wanted
        assert abs(found - expected) <= 5 * expected**0.5 + 1


def test_the_same_seed_gives_the_same_day_and_another_one_another(tmp_path: Path) -> None:
    make_sample(tmp_path, titles=2_000)
    dataset = next(dataset for dataset in DATASETS if dataset.name == "title.principals")
    source = tmp_path / dataset.file_name
    texts = []
    for number, seed in enumerate((5, 5, 6)):
        target = tmp_path / f"{number}.tsv.gz"
        counts = change_file(dataset.name, source, target, seed)
        assert counts.total() > 0
        with igzip.open(target) as packed:
            texts.append(packed.read())
    assert texts[0] == texts[1] != texts[2]
