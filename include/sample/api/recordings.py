"""Recorded answers from a folder, byte for byte.

Recordings(folder, {"/movie/popular?page=1": "movie_popular_p1.json"}, missing=empty(404))
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from include.sample.api.answers import ApiRequest, SampleAnswer


@dataclass(frozen=True)
class Recording:
    """A file with a body, and the headers that it came with."""

    file: str
    headers: dict[str, str] = field(default_factory=dict)


class Recordings:
    """Answers with the file that is named for the request, or with `missing`."""

    def __init__(
        self, folder: Path, recordings: Mapping[str, str | Recording], missing: SampleAnswer
    ) -> None:
        """`recordings` maps a path, with those parts of the query that must be, to a file.

        A request may have more in its query; of several that fit, the one with most parts is
        taken. Raises FileNotFoundError for a file that is missing.
        """
        self._missing = missing
        self._recordings: list[tuple[ApiRequest, Path, dict[str, str]]] = []
        for target, found in recordings.items():
            recording = Recording(found) if isinstance(found, str) else found
            file = folder / recording.file
            if not file.is_file():
                raise FileNotFoundError(f"{target} names the file {file}, which is missing")
            self._recordings.append((ApiRequest.parse(target), file, recording.headers))
        self._recordings.sort(key=lambda each: -len(each[0].query))

    def answer(self, request: ApiRequest) -> SampleAnswer:
        """Return the recorded answer with status 200, or the one for what is missing."""
        for recorded, file, headers in self._recordings:
            fits = recorded.query.items() <= request.query.items()
            if recorded.path == request.path and fits:
                found = SampleAnswer.recorded(file.read_bytes())
                return replace(found, headers=found.headers | headers)
        return self._missing
