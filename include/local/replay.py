"""`make replay`: what landed of Trakt is served again on this machine, until Ctrl-C."""

import threading
from collections.abc import Sequence

import click

from include.local.layout import Layout, LocalError
from include.local.warehouse import open_warehouse
from include.sample.trakt.replay import serve_replay


def replay(
    layout: Layout,
    *,
    batch: int,
    speed: str,
    scale: int,
    faults: Sequence[str],
    seed: int,
    port: int,
) -> int:
    """Serve the answers that had landed when the batch ended, `scale` times with other ids.

    `speed` is "max" or how many times faster than they came; `faults` hit some of the answers.
    Raises LocalError where these are not known or nothing landed.
    """
    warehouse = open_warehouse(layout)
    try:
        server = serve_replay(
            warehouse.url, batch, speed=speed, scale=scale, faults=faults, seed=seed, port=port
        )
    except ValueError as error:
        raise LocalError(str(error)) from error
    with server:
        click.echo(f"batch {batch} is served on {server.base_url} until Ctrl-C. To read it:")
        click.echo(
            f"  TRAKT_CLIENT_ID=replay TRAKT_BASE_URL={server.base_url} LOCAL_DIR=.local/replay "
            "make run PIPELINES=trakt SOURCE=trakt SOURCE_NAME=replay"
        )
        threading.Event().wait()
    return 0
