"""The seven files of every day, and the copies that are served in their place."""

import shutil
from pathlib import Path

from bench.changed_day import change
from bench.files import Files
from bench.soak.damage import DAMAGES
from imdb_pipeline.config import DATASETS
from include.sample.maker import make_sample
from warehouse.raw.dataset import Dataset


class Days:
    """Makes the files of a day when they are asked for, in `folder`.

    A day is the sample's, with a few rows of every file changed once more: what was changed like
    that is as it was on the next day.
    """

    def __init__(self, folder: Path, *, titles: int, seed: int) -> None:
        self.folder = folder
        self.titles = titles
        self.seed = seed

    def files(self, day: int) -> Files:
        """Return the files of `day`, made if needed."""
        target = self.folder / f"day-{day}"
        if not target.exists():
            plain, making = self.folder / "plain", self.folder / "making"
            for left in (plain, making):
                shutil.rmtree(left, ignore_errors=True)
            make_sample(plain, titles=self.titles, day=day)
            change(Files(plain), making, seed=1000 * self.seed + day)
            making.rename(target)
        return Files(target)

    def damaged(self, day: int, dataset: Dataset, how: str) -> Files:
        """Return the files of `day`, that of `dataset` damaged as `how` says."""
        whole = self.files(day)
        target = self.folder / f"day-{day}-{how}"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        for each in DATASETS:
            if each == dataset:
                DAMAGES[how](whole.path(each), target / each.file_name)
            else:
                shutil.copyfile(whole.path(each), target / each.file_name)
        return Files(target)
