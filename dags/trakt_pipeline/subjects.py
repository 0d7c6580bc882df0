"""What a comment is about: a movie, show, season, episode or list."""

from dataclasses import dataclass
from typing import Any, Literal

SubjectLevel = Literal["movie", "show", "season", "episode", "list"]


@dataclass(frozen=True, slots=True)
class Subject:
    """A level, and the place of the thing: `title_id` is Trakt's number of the movie or show."""

    level: SubjectLevel
    title_id: int | None = None
    season: int | None = None
    episode: int | None = None

    @classmethod
    def of_entry(cls, entry: Any) -> "Subject":
        """Return the subject of an entry of a feed that keeps to its contract."""
        level: SubjectLevel = entry["type"]
        if level == "list":
            return cls(level)
        title_id = int(entry["movie" if level == "movie" else "show"]["ids"]["trakt"])
        if level == "season":
            return cls(level, title_id, int(entry["season"]["number"]))
        if level == "episode":
            place = entry["episode"]
            return cls(level, title_id, int(place["season"]), int(place["number"]))
        return cls(level, title_id)

    @property
    def unit(self) -> str | None:
        """The path of its comments, which names its unit; None for a list."""
        match self.level:
            case "list":
                return None
            case "movie":
                return f"movies/{self.title_id}/comments"
            case "show":
                return f"shows/{self.title_id}/comments"
            case "season":
                return f"shows/{self.title_id}/seasons/{self.season}/comments"
            case "episode":
                path = f"shows/{self.title_id}/seasons/{self.season}"
                return f"{path}/episodes/{self.episode}/comments"

    @property
    def title(self) -> "Subject | None":
        """The movie or show; None for a list."""
        if self.level == "list":
            return None
        return Subject("movie" if self.level == "movie" else "show", self.title_id)
