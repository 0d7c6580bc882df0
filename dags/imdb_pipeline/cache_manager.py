"""What is known of IMDb's seven files: the generic cache, and entries of earlier versions."""

from collections.abc import Mapping
from typing import Any

from imdb_pipeline.config import origin_of
from warehouse.http.cache import FileCache


class CacheManager(FileCache):
    """The cache of IMDb's files."""

    def upgraded(self, content: dict[str, Any]) -> Mapping[str, Any]:
        """Name the origin where an entry of an earlier version has none."""
        if "origin" in content:
            return content
        return content | {"origin": origin_of(content["url"])}
