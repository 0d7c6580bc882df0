"""Alerts about service levels: each change of an objective's state is sent once.

`meta.slo_announced` has what was announced last. What could not be sent is sent with the next run.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from psycopg2.extensions import cursor as Cursor

from warehouse.runs.service_levels import EXHAUSTED, MET, WARNING, Level

_MEANINGS = {
    MET: "is met again",
    WARNING: "has at most a quarter of its error budget left",
    EXHAUSTED: "has nothing left of its error budget; backfills pause",
}


@dataclass(frozen=True, slots=True)
class LevelChange:
    """An objective whose state is another than the one that was announced last."""

    level: Level
    before: str

    @property
    def text(self) -> str:
        """The change as a person reads it."""
        meaning = _MEANINGS[self.level.state or MET]
        return f"{self.level.objective} {meaning}. {self.level.text}"


@dataclass(frozen=True, slots=True)
class LevelAlert:
    """What is posted about the service levels of a source; `changes` has one entry at least."""

    source: str
    dag_id: str
    run_id: str
    changes: Sequence[LevelChange]

    @property
    def subject(self) -> str:
        """What the alert is about, in a log."""
        return f"the service levels of {self.source}"

    @property
    def text(self) -> str:
        """The message in a few sentences, as Slack, Mattermost and Teams show it."""
        head = f"Service levels of {self.source} ({self.dag_id}, {self.run_id})."
        return "\n".join([head, *(change.text for change in self.changes)])

    def as_json(self) -> dict[str, Any]:
        """Return the body of the POST."""
        return {
            "text": self.text,
            "source": self.source,
            "dag_id": self.dag_id,
            "run_id": self.run_id,
            "state": "service levels changed",
            "changes": [
                asdict(change.level) | {"day": str(change.level.day), "before": change.before}
                for change in self.changes
            ],
        }


def changes_to_announce(cursor: Cursor, levels: Sequence[Level]) -> list[LevelChange]:
    """Return the levels whose state was not announced. An objective begins as met."""
    cursor.execute("select source, objective, state from meta.slo_announced")
    announced = {(source, objective): state for source, objective, state in cursor.fetchall()}
    return [
        LevelChange(level, before)
        for level in levels
        for before in [announced.get((level.source, level.objective), MET)]
        if level.state not in (None, before)
    ]


def note_announced(cursor: Cursor, changes: Sequence[LevelChange]) -> None:
    """Note that these changes were announced, in the caller's transaction."""
    for change in changes:
        cursor.execute(
            """
            insert into meta.slo_announced (source, objective, state) values (%s, %s, %s)
            on conflict (source, objective) do update set
                state = excluded.state, announced_at = excluded.announced_at
            """,
            (change.level.source, change.level.objective, change.level.state),
        )
