"""A downloader over an empty folder, and what a test wants to know of it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from imdb_pipeline.cache_manager import CacheManager
from imdb_pipeline.config import Settings
from imdb_pipeline.downloader import Downloader
from tests.support.snapshots import ORIGIN, RATINGS
from warehouse.http.cache import CacheEntry
from warehouse.http.file_download import Download
from warehouse.http.json_store import JsonFileStore


class Workbench:
    """Downloads `title.ratings`; pauses are recorded, not waited for."""

    def __init__(self, base_url: str, folder: Path) -> None:
        self.settings = Settings(
            base_url=base_url, source_name=ORIGIN, data_dir=folder, download_tries=3
        )
        self.cache = CacheManager(JsonFileStore(folder / "cache.json"), folder)
        self.path = folder / RATINGS.file_name
        self.pauses: list[float] = []

    def change(self, **settings: object) -> None:
        """Continue with other settings."""
        self.settings = replace(self.settings, **settings)  # type: ignore[arg-type]

    def downloader(self, pause: Callable[[float], None] | None = None) -> Downloader:
        """A new downloader, as a new process would make it."""
        return Downloader(self.settings, self.cache, pause=pause or self.pauses.append)

    def download(self, *, force: bool = False) -> Download:
        """Download with a downloader that remembers nothing."""
        return self.downloader().download(RATINGS, force=force)

    @property
    def entry(self) -> CacheEntry | None:
        """What is noted of the file."""
        return self.cache.entry(RATINGS)

    @property
    def files(self) -> set[str]:
        """The names in the data folder, without the cache's own."""
        names = {path.name for path in self.path.parent.iterdir()}
        return {name for name in names if not name.startswith("cache.json")}
