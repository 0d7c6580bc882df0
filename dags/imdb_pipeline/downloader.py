"""IMDb's files over HTTP: the generic download with IMDb's addresses and checks."""

import time
from collections.abc import Callable

from imdb_pipeline.cache_manager import CacheManager
from imdb_pipeline.config import Settings
from imdb_pipeline.inspection import inspect
from warehouse.http.cache import CacheEntry
from warehouse.http.file_download import Download, FileDownloader, RemoteFile
from warehouse.raw.dataset import Dataset


class Downloader(FileDownloader):
    """Downloads datasets as `settings` say, with `cache` as the memory of what is there."""

    def __init__(
        self,
        settings: Settings,
        cache: CacheManager,
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(settings.download_policy, cache, pause=pause)
        self.settings = settings

    def download(self, dataset: Dataset, *, force: bool = False) -> Download:
        """Return the dataset's newest file; with `force`, fetched whatever the cache says.

        Raises as `FileDownloader.fetch`.
        """
        file = RemoteFile(
            dataset,
            self.settings.url_of(dataset),
            self.settings.origin,
            lambda path: inspect(path, dataset, self.settings),
            dataset.timeout.total_seconds(),
        )
        return self.fetch(file, force=force)

    def present(self, dataset: Dataset) -> CacheEntry:
        """Return the entry of a file that is here and whole, fetching it where it is not.

        For a worker whose disk is not the one that the download task wrote to.
        """
        return self.cache.valid_entry(dataset) or self.download(dataset).entry
