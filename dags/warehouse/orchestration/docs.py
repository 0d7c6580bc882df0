"""The task that makes the page of the dbt docs, which Airflow's UI shows under Browse."""

import logging
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from airflow.sdk import task
from airflow.sdk.exceptions import AirflowSkipException

from warehouse.orchestration.assets import marts_asset
from warehouse.orchestration.connection import connection_string
from warehouse.orchestration.dbt import PROJECT_DIR, dbt_environment
from warehouse.orchestration.failures import final_where_permanent

log = logging.getLogger(__name__)

# Where the UI finds the page: the folder in AIRFLOW__COSMOS__DBT_DOCS_PROJECTS.
FOLDER_VARIABLE = "WAREHOUSE_DOCS_DIR"


def docs(source: str, **operator: Any) -> Any:
    """Add the task `docs` to a DAG that is scheduled on the marts of `source`.

    Without the variable WAREHOUSE_DOCS_DIR it is skipped.
    """

    @task(
        task_id="docs",
        inlets=[marts_asset(source)],
        doc_md="Makes the page of the dbt docs from what is published.",
        **operator,
    )
    def make_page() -> int:
        from warehouse.orchestration.dbt_process import run_dbt  # noqa: PLC0415

        folder = os.environ.get(FOLDER_VARIABLE, "").strip()
        if not folder:
            raise AirflowSkipException(f"{FOLDER_VARIABLE} names no folder for the page")
        page = Path(folder) / "index.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        with (
            final_where_permanent(),
            dbt_environment(connection_string()),
            tempfile.TemporaryDirectory(prefix="dbt-") as target,
        ):
            run_dbt(
                PROJECT_DIR, Path(target), ["docs", "generate", "--static", "--target", "published"]
            )
            fresh = page.with_suffix(".tmp")
            shutil.copyfile(Path(target) / "static_index.html", fresh)
            fresh.replace(page)
        log.info("%s: %s bytes", page, f"{page.stat().st_size:,}")
        return page.stat().st_size

    return make_page()
