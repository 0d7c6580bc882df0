"""The DAG `tmdb_pipeline`: what TMDb's API says of popular films, shows and people, in the marts.

genres | lists.<kind> (x 3) | changes -> plan -> details.movie | details.tv -> details.person
    -> changed -> dbt (models with their tests) -> publish -> announce.<group> | links | prune
    -> report

Where nothing is due, `plan` skips all details; where nothing changed, `changed` skips the models.
`tmdb_rollback` puts the marts before the last publish back. `tmdb_docs` renews the page of the dbt
docs after each publish.
"""

from datetime import timedelta

from airflow.sdk import DAG, Param, TaskGroup

from tmdb_pipeline.config import KIND_NAMES, KINDS, MOST_PAGES, SOURCE, TmdbSettings
from tmdb_pipeline.dbt_tasks import dbt_task_group
from tmdb_pipeline.tasks import changes, details, genres, links, plan, popular, prune
from warehouse.orchestration.dags import (
    RETRIED,
    SHORT,
    docs_dag,
    flag,
    names_param,
    of_every_dag,
    report_after_all,
    rollback_dag,
)
from warehouse.orchestration.dbt import dbt_project
from warehouse.orchestration.failures import alert_when_red
from warehouse.orchestration.tasks import announce, changed, publish, report

PROJECT = dbt_project()
TITLES, PEOPLE = KINDS[:-1], KINDS[-1]
# At 30 requests a second: 10,000 things take six minutes, a million ten hours.
LONG = RETRIED | {"execution_timeout": timedelta(hours=12), "trigger_rule": "none_failed"}
PAGES = RETRIED | {"execution_timeout": timedelta(hours=1)}


def lock_patience() -> float:
    """Return how many seconds a publish or rollback waits for readers."""
    return TmdbSettings.from_environment().lock_patience


with DAG(
    dag_id="tmdb_pipeline",
    description="TMDb's films, shows and people: asked for, modelled, tested, published",
    doc_md=__doc__,
    schedule="0 6 * * *",
    params={
        "pages": Param(
            20,
            type="integer",
            minimum=1,
            maximum=MOST_PAGES,
            description="How many pages of each popular list to read, 20 things a page.",
        ),
        "kinds": names_param(list(KIND_NAMES), KIND_NAMES, "The kinds of things to ask for."),
        "ingest": flag("Off: build the models from what is there, ask TMDb nothing.", default=True),
        "dry_run": flag("Ask and compare with the contracts, write nothing, build nothing."),
        "full_refresh": flag("Ask for all that is followed, and build everything from nothing."),
        "force_transform": flag("Build and publish though nothing changed."),
    },
    **of_every_dag(SOURCE),
) as dag:
    read_genres = genres.override(doc_md="Fetches the genres of films and shows.", **PAGES)()
    with TaskGroup("lists", tooltip="Read the popular lists"):
        lists = [
            popular.override(
                task_id=kind.name,
                doc_md=f"Reads the list /{kind.name}/popular and follows what is new in it.",
                **PAGES,
            )(kind.name)
            for kind in KINDS
        ]
    read_changes = changes.override(doc_md="Reads which things were edited.", **PAGES)()
    planned = plan.override(
        doc_md="Says what is to be asked for; skips the details where nothing is.",
        **(SHORT | {"trigger_rule": "none_failed"}),
    )()
    with TaskGroup("details", tooltip="Ask for each thing that is due"):
        of_titles = [
            details.override(
                task_id=kind.name,
                doc_md=f"Asks for the {kind.group} that are due into raw.{kind.dataset.table}.",
                **LONG,
            )(kind.name, len(TITLES))
            for kind in TITLES
        ]
        # After the titles, which name people to follow.
        of_people = details.override(
            task_id=PEOPLE.name,
            doc_md=f"Asks for the {PEOPLE.group} that are due into raw.{PEOPLE.dataset.table}.",
            **LONG,
        )(PEOPLE.name, 1)
    published = publish(SOURCE, PROJECT, patience=lock_patience, **SHORT)
    with TaskGroup("announce", tooltip="Tell other DAGs what changed"):
        announced = [announce(SOURCE, kind.dataset.name, kind.group, **SHORT) for kind in KINDS]
    found_in_imdb = links.override(
        doc_md="Counts how many things are linked to IMDb, for the report.", **SHORT
    )()
    pruned = prune.override(doc_md="Deletes bodies that are too old.", **SHORT)()
    reported = report(
        SOURCE,
        {
            "genres": ["genres"],
            **{f"{kind.name} list": [f"lists.{kind.name}"] for kind in KINDS},
            "changes": ["changes"],
            **{kind.dataset.name: [f"details.{kind.name}"] for kind in KINDS},
        },
        planner="plan",
        counts={"linked to IMDb": "links"},
        on_failure_callback=alert_when_red,
        **SHORT,
    )
    [read_genres, *lists, read_changes] >> planned >> of_titles >> of_people
    # What `plan` skips comes directly after it.
    planned >> of_people
    of_people >> changed(SOURCE, PROJECT, **SHORT) >> dbt_task_group() >> published
    published >> [*announced, found_in_imdb, pruned]
    report_after_all(dag, reported)

rollback_of_tmdb = rollback_dag(SOURCE, "TMDb", PROJECT, patience=lock_patience)
docs_of_tmdb = docs_dag(SOURCE, "TMDb")
