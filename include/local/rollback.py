"""`make rollback`: the marts before the last publish of one pipeline are live again."""

import time
from datetime import UTC, datetime

import click

from imdb_pipeline.config import Settings
from include.local.layout import Layout, LocalError
from include.local.project import dbt_project
from include.local.warehouse import open_warehouse
from warehouse.builds import rollback as rolling_back
from warehouse.builds.publish_log import what_is_live
from warehouse.database.connection import connected
from warehouse.errors import PipelineError


def rollback(layout: Layout, pipeline: str) -> int:
    """Publish the marts before the last publish of the pipeline again. Raises LocalError."""
    warehouse = open_warehouse(layout)
    run_id = f"make rollback {datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    try:
        patience = Settings.from_environment().lock_patience
        with connected(warehouse.url, purpose="make rollback") as connection:
            began = time.monotonic()
            rolling_back.rollback(
                connection,
                dbt_project(layout),
                source=pipeline,
                dag_id="manual",
                run_id=run_id,
                patience=patience,
            )
            with connection.cursor() as cursor:
                live = what_is_live(cursor, pipeline)
            click.echo(f"rolled back in {time.monotonic() - began:.1f} s: live is {live}")
    except PipelineError as error:
        raise LocalError(str(error)) from error
    return 0
