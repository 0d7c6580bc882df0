"""The DAG `trakt_pipeline`: comments on films and shows at Trakt, as measures in the marts.

feeds.recent -> feeds.updates -> backfill -> rescan -> deletions -> service_levels | prune
    deletions -> changed -> dbt (models with their tests) -> publish -> announce.<group>
    -> report

`trakt_backfill` reads the comments of many titles, by hand, and builds nothing.
`trakt_rollback` puts the marts before the last publish back. `trakt_docs` renews the page of the
dbt docs after each publish.
"""

from datetime import timedelta

from airflow.sdk import DAG, Param, TaskGroup

from trakt_pipeline.config import SOURCE, TraktSettings
from trakt_pipeline.dbt_tasks import dbt_task_group
from trakt_pipeline.tasks import backfill, deletions, prune, recent, rescan, updates
from warehouse.orchestration.dags import (
    RETRIED,
    SHORT,
    docs_dag,
    flag,
    of_every_dag,
    report_after_all,
    rollback_dag,
)
from warehouse.orchestration.dbt import dbt_project
from warehouse.orchestration.failures import alert_when_red
from warehouse.orchestration.service_levels import service_levels
from warehouse.orchestration.tasks import announce, changed, publish, report
from warehouse.runs.service_levels import HEADING, ServiceLevels

PROJECT = dbt_project()
LEVELS = ServiceLevels(SOURCE, incremental=("recent", "updates"))
# By dataset, what the Asset of its changes is called.
GROUPS = {"comments": "comments", "titles": "titles"}
FEED = RETRIED | {"execution_timeout": timedelta(hours=2)}
# A skipped step skips none of those after it. At 450 requests in five minutes 10,000 pages take
# two hours.
LONG = RETRIED | {"execution_timeout": timedelta(hours=12), "trigger_rule": "none_failed"}


def titles_param(default: int, description: str) -> Param:
    """Return the parameter that says how many titles to begin."""
    return Param(default, type="integer", minimum=0, description=description)


def lock_patience() -> float:
    """Return how many seconds a publish or rollback waits for readers."""
    return TraktSettings.from_environment().lock_patience


with DAG(
    dag_id="trakt_pipeline",
    description="Comments on films and shows at Trakt: read, modelled, tested, published",
    doc_md=__doc__,
    schedule="0 5 * * *",
    params={
        "backfill": titles_param(
            100, "How many titles to begin: the most voted ones first, and as many of the feeds."
        ),
        "ingest": flag(
            "Off: build the models from what is there, ask Trakt nothing.", default=True
        ),
        "full_refresh": flag("Scan all that is followed, and build everything from nothing."),
        "force_transform": flag("Build and publish though nothing changed."),
    },
    **of_every_dag(SOURCE),
) as dag:
    with TaskGroup("feeds", tooltip="Read what is new and what was touched"):
        read_recent = recent.override(
            doc_md="Reads the newest comments until all on the pages is known.", **FEED
        )()
        read_updates = updates.override(
            doc_md="Reads what was touched last until all on the pages is known.",
            **(FEED | {"trigger_rule": "none_failed"}),
        )()
    read_titles = backfill.override(
        doc_md="Reads all comments of titles that are new, the most voted first.", **LONG
    )()
    read_again = rescan.override(
        doc_md="Reads the comments of those titles, seasons and episodes again whose day it is.",
        **LONG,
    )()
    asked = deletions.override(
        doc_md="Asks for comments that are missing, and takes out the words of those gone.", **LONG
    )()
    measured = service_levels(LEVELS, **SHORT)
    published = publish(SOURCE, PROJECT, patience=lock_patience, **SHORT)
    with TaskGroup("announce", tooltip="Let other DAGs know what changed"):
        announced = [announce(SOURCE, name, group, **SHORT) for name, group in GROUPS.items()]
    # Words of people go on their day, also where nothing is asked, built or published.
    pruned = prune.override(
        doc_md="Takes out the bodies of pages that are too old, and old answers.",
        **(SHORT | {"trigger_rule": "all_done"}),
    )()
    reported = report(
        SOURCE,
        {
            "recent": ["feeds.recent"],
            "updates": ["feeds.updates"],
            "backfill": ["backfill"],
            "rescan": ["rescan"],
            "deletions": ["deletions"],
        },
        counts={HEADING: "service_levels"},
        on_failure_callback=alert_when_red,
        **SHORT,
    )
    read_recent >> read_updates >> read_titles >> read_again >> asked >> [measured, pruned]
    asked >> changed(SOURCE, PROJECT, **SHORT) >> dbt_task_group() >> published
    published >> announced
    report_after_all(dag, reported)

with DAG(
    dag_id="trakt_backfill",
    description="All comments of many titles, read once",
    doc_md="Run it by hand for a first large backfill. It shares the limit of requests and the "
    "queue with `trakt_pipeline`, which builds the models of what it read.",
    schedule=None,
    params={"backfill": titles_param(10_000, "How many titles to begin, the most voted first.")},
    **of_every_dag(SOURCE),
) as backfill_of_trakt:
    backfill.override(
        doc_md="Reads all comments of titles that are new, the most voted first.",
        **(RETRIED | {"execution_timeout": timedelta(days=7)}),
    )()

rollback_of_trakt = rollback_dag(SOURCE, "Trakt", PROJECT, patience=lock_patience)
docs_of_trakt = docs_dag(SOURCE, "Trakt")
