"""`make forget-user`: one person leaves the warehouse, and what they did stays counted."""

import click

from include.local.layout import Layout, LocalError
from include.local.warehouse import open_warehouse
from trakt_pipeline.config import TraktSettings
from trakt_pipeline.forget import forget_user
from warehouse.errors import PipelineError


def forget(layout: Layout, name: str | None) -> int:
    """Forget the user of this slug or number. Raises LocalError, in which the name is not."""
    if not name:
        raise LocalError("Say who: make forget-user USER=<slug of the profile>, or USER=id:123.")
    warehouse = open_warehouse(layout)
    try:
        done = forget_user(warehouse.url, TraktSettings.from_environment(), name)
    except PipelineError as error:
        raise LocalError(str(error)) from error
    click.echo(
        f"forgotten: {done.comments:,} comments have a key that stands for no user, and "
        f"{done.pages:,} pages no longer have the person's words. Counts stay as they were."
    )
    return 0
