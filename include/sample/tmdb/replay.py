"""Recorded answers from a folder, byte for byte.

Replay(folder, {"/movie/popular?page=1": "movie_popular_p1.json", "/movie/47964": "m.json"})
"""

from collections.abc import Mapping
from pathlib import Path

from include.sample.tmdb.answers import Answer, ApiRequest


class Replay:
    """Answers with the file that is named for the request, or with TMDb's 404."""

    def __init__(self, folder: Path, recordings: Mapping[str, str]) -> None:
        """`recordings` maps a path, with those parts of the query that must be, to a file.

        A request may have more in its query; of several that fit, the one with most parts is
        taken. Raises FileNotFoundError for a file that is missing.
        """
        self._recordings: list[tuple[ApiRequest, Path]] = []
        for target, name in recordings.items():
            file = folder / name
            if not file.is_file():
                raise FileNotFoundError(f"{target} names the file {file}, which is missing")
            self._recordings.append((ApiRequest.parse(target), file))
        self._recordings.sort(key=lambda each: -len(each[0].query))

    def answer(self, request: ApiRequest) -> Answer:
        """Return the recorded answer with status 200, or 404/34."""
        for recorded, file in self._recordings:
            fits = recorded.query.items() <= request.query.items()
            if recorded.path == request.path and fits:
                return Answer.recorded(file.read_bytes())
        return Answer.error(34)
