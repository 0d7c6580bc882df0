"""The tasks of IMDb's DAG that are IMDb's own: download and load.

Nothing is decided here: each task reads its settings, calls the core, logs one line of figures and
hands the figures over.
"""

import logging
from typing import Any

from airflow.sdk import Asset, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from imdb_pipeline.cache_manager import CacheManager
from imdb_pipeline.config import IMDB_BASE_URL, SOURCE, Settings, dataset_named
from imdb_pipeline.downloader import Downloader
from imdb_pipeline.loader import Loader
from warehouse.orchestration.assets import raw_asset
from warehouse.orchestration.connection import connection_string
from warehouse.orchestration.failures import final_where_permanent
from warehouse.orchestration.lineage import note_load
from warehouse.orchestration.variables import VariableStore
from warehouse.raw.file_loader import load_newest
from warehouse.raw.load_guards import ACCEPT_OLDER, ACCEPT_SHRINK

log = logging.getLogger(__name__)


FILES_ASSET = Asset(name=f"{SOURCE}_files", uri=IMDB_BASE_URL)


def _downloader() -> Downloader:
    settings = Settings.from_environment()
    return Downloader(settings, CacheManager(VariableStore(), settings.data_dir))


@task(inlets=[FILES_ASSET])
def download(dataset_name: str) -> dict[str, Any]:
    """Fetch the dataset's file where it changed: conditional, resumable, checked to the last byte.

    A file that is damaged or has another layout is thrown away; the one before stays.
    """
    params = get_current_context()["params"]
    if dataset_name not in params["datasets"]:
        raise AirflowSkipException(f"{dataset_name} is not among the run's datasets")
    with final_where_permanent():
        dataset = dataset_named(dataset_name)
        result = _downloader().download(
            dataset, force=params["force_download"] or params["full_refresh"]
        )
    log.info(
        "%s: %s, %s bytes fetched, %s rows, %.1f s, %.1f MB/s",
        dataset_name,
        "downloaded" if result.modified else "not modified",
        f"{result.fetched_bytes:,}",
        f"{result.entry.rows:,}",
        result.seconds,
        result.fetched_bytes / 1e6 / max(result.seconds, 1e-3),
    )
    return {
        "download": "downloaded" if result.modified else "not_modified",
        "bytes": result.entry.bytes,
        "download_seconds": round(result.seconds, 3),
    }


@task(outlets=[raw_asset(SOURCE)])
def load(dataset_name: str) -> dict[str, Any]:
    """Load the dataset's file into its raw table where the ledger does not have it yet.

    In one transaction with its row in `meta.load_log`: only what changed since the file before, or
    the whole file. A file with far fewer rows, or an older one, is held back
    (parameters `accept_shrink` and `accept_older`).
    """
    context = get_current_context()
    with final_where_permanent():
        downloader = _downloader()
        outcome = load_newest(
            dataset_named(dataset_name),
            loader=Loader(connection_string(), downloader.settings),
            files=downloader,
            dag_id=context["ti"].dag_id,
            run_id=context["run_id"],
            force=context["params"]["full_refresh"],
            accepted=[
                parameter
                for parameter in (ACCEPT_SHRINK, ACCEPT_OLDER)
                if dataset_name in context["params"][parameter]
            ],
        )
    row = outcome.load
    note_load(SOURCE, row.origin, {dataset_name: dataset_named(dataset_name).table})
    seconds = row.seconds if outcome.written else 0.0
    log.info(
        "%s: %s, %s rows (+%s ~%s -%s), %s bytes, %.1f s, %s rows/s",
        dataset_name,
        outcome.how,
        f"{row.rows:,}",
        f"{row.rows_inserted if outcome.written else 0:,}",
        f"{row.rows_updated if outcome.written else 0:,}",
        f"{row.rows_deleted if outcome.written else 0:,}",
        f"{row.file.bytes if row.file else 0:,}",
        seconds,
        f"{row.rows / seconds:,.0f}" if seconds else "0",
    )
    return {
        "status": "loaded" if outcome.written else "unchanged",
        "rows": row.rows,
        "rows_inserted": row.rows_inserted if outcome.written else 0,
        "rows_updated": row.rows_updated if outcome.written else 0,
        "rows_deleted": row.rows_deleted if outcome.written else 0,
        "load_seconds": round(seconds, 3),
    }
