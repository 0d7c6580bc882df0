"""Another place that answers begins another history of all datasets of a source."""

import logging
from collections.abc import Callable, Sequence

from psycopg2.extensions import connection as Connection
from psycopg2.extensions import cursor as Cursor

from warehouse.database.turns import held
from warehouse.raw.api_batch import ApiDataset, ApiRun, api_batch
from warehouse.raw.batch_owners import origins, refuse_other_origins

log = logging.getLogger(__name__)

# How many seconds a step waits for another one that begins the history.
_PATIENCE = 3600.0


def begin_history(
    connection: Connection,
    datasets: Sequence[ApiDataset],
    run: ApiRun,
    forget: Callable[[Cursor], None],
    *,
    patience: float,
) -> bool:
    """Begin the history of `datasets` where answers come from another place than before.

    `datasets` are all of one source. `forget` deletes what is known and due, in one transaction.
    Then an empty batch begins each history, so that the models have no dataset of the old place;
    after a kill between two of these, the next run does the rest. `patience` is how many seconds
    each batch waits for a dbt session of the source. Returns whether a history began. Raises as
    `refuse_other_origins`.
    """
    source = datasets[0].source
    with held(connection, f"{source}: origin", patience=_PATIENCE):
        with connection, connection.cursor() as cursor:
            refuse_other_origins(
                cursor, source, dag_id=run.dag_id, run_id=run.run_id, origin=run.origin
            )
            last = origins(cursor, source)
            before = {name: origin for name, origin in last.items() if origin != run.origin}
            if not before:
                return False
            forget(cursor)
        olds = ", ".join(sorted(set(before.values())))
        log.warning(
            "what is there is from %s and answers come from %s now: what was known is deleted, and "
            "answers of %s leave the models",
            olds, run.origin, olds,
        )  # fmt: skip
        for dataset in datasets:
            if dataset.name in before:
                with api_batch(connection, dataset, run, patience=patience):
                    pass
    return True
