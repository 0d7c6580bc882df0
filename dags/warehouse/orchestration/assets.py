"""The Assets of a source: Airflow draws them as the flow of data, and DAGs can schedule on them."""

from airflow.sdk import Asset


def raw_asset(source: str) -> Asset:
    """Return the Asset of the source's raw tables: an outlet of its load tasks."""
    return Asset(name=f"{source}_raw", uri=f"x-warehouse://{source}/raw")


def marts_asset(source: str) -> Asset:
    """Return the Asset of the source's published marts: an outlet of publish and rollback."""
    return Asset(name=f"{source}_marts", uri=f"x-warehouse://{source}/marts")


def group_asset(source: str, group: str) -> Asset:
    """Return the Asset of a group of the source's things, such as its films.

    It has an event where a publish changed some of them; the event's extra counts them.
    """
    return Asset(name=f"{source}_{group}", uri=f"x-warehouse://{source}/{group}")


def warehouse_asset(source: str) -> Asset:
    """Return the Asset of the source's finished runs; the event's extra is the run's report."""
    return Asset(name=f"{source}_warehouse", uri=f"x-warehouse://{source}")
