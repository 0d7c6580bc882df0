"""Cache entries as Airflow Variables, so that every worker and the UI see them."""

from airflow.sdk import Variable


class VariableStore:
    """The store of a cache in Airflow's Variables."""

    def read(self, key: str) -> str | None:
        """Return the Variable, or None."""
        value = Variable.get(key, default=None)
        return None if value is None else str(value)

    def write(self, key: str, value: str) -> None:
        """Set the Variable."""
        Variable.set(
            key,
            value,
            description="What the downloaded file is; delete it to fetch the file again.",
        )

    def delete(self, key: str) -> None:
        """Delete the Variable."""
        Variable.delete(key)
