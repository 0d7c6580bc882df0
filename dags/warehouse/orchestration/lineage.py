"""Lineage: which tables a task read and wrote, in the OpenLineage events of Airflow's provider.

It is off unless the provider has a transport. A task that has written notes datasets among the
inlets and outlets of its operator, and the provider puts them into the event of the task's end. A
table is named by database, schema and table, in a namespace that is a setting: no host and no port
is part of a name. Nothing here fails a task.
"""

import json
import logging
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow.sdk import get_current_context
from psycopg2.extensions import cursor as Cursor

from warehouse.database.connection import connected
from warehouse.orchestration.connection import connection_string

log = logging.getLogger(__name__)

NAMESPACE_VARIABLE = "WAREHOUSE_LINEAGE_NAMESPACE"
DEFAULT_NAMESPACE = "postgres://warehouse"
_RAW, _BUILT, _LIVE = "raw", "marts_next", "marts"
# The views and the change table that models read beside the table itself.
_READ_BY_MODELS = ("", "_newest", "_changes")


@dataclass(frozen=True, slots=True, order=True)
class Relation:
    """A table or view of the warehouse."""

    schema: str
    name: str


def lineage_is_on() -> bool:
    """Whether the provider is there and has a transport."""
    try:
        from airflow.providers.openlineage import conf  # noqa: PLC0415 - may not be installed
    except ImportError:
        return False
    return not conf.is_disabled()


def note_load(source: str, origin: str | None, tables: Mapping[str, str]) -> None:
    """Note that the current task wrote the raw tables `tables`, by the name of their dataset.

    What it read is the dataset of the source: `<source>://<origin>` and its name.
    """
    with _noting() as cursor:
        if cursor:
            written = [
                Relation(_RAW, f"{table}{end}")
                for table in tables.values()
                for end in _READ_BY_MODELS
            ]
            _note(
                [_named(f"{source}://{origin or source}", dataset) for dataset in tables],
                _datasets(cursor, written),
            )


def note_model(manifest: Path, model: str) -> None:
    """Note what the dbt model of the current task reads and what it wrote."""
    with _noting() as cursor:
        if cursor:
            reads, written = relations_of(json.loads(manifest.read_text("utf-8")), model)
            _note(_datasets(cursor, reads), _datasets(cursor, [written]))


def note_publish(publish_id: int) -> None:
    """Note that the current task exchanged the marts of this publish or rollback."""
    with _noting() as cursor:
        if cursor:
            cursor.execute(
                "select unnest(marts) from meta.publish_log where publish_id = %s order by 1",
                (publish_id,),
            )
            live = [Relation(_LIVE, str(mart)) for (mart,) in cursor.fetchall()]
            # What was built has its present columns; what is there now are the marts before.
            _note(_datasets(cursor, live, schema=_BUILT), _datasets(cursor, live))


def relations_of(manifest: Mapping[str, Any], model: str) -> tuple[list[Relation], Relation]:
    """Return what a model, seed or snapshot of the manifest reads, and what it is.

    An ephemeral model is part of those that read it.
    """
    nodes, sources = manifest["nodes"], manifest["sources"]
    node = next(
        each
        for each in nodes.values()
        if each["name"] == model and each["resource_type"] in ("model", "seed", "snapshot")
    )

    def read_by(each: Mapping[str, Any]) -> Iterator[Relation]:
        for key in each.get("depends_on", {}).get("nodes", ()):
            if key in sources:
                yield Relation(sources[key]["schema"], sources[key]["identifier"])
            elif nodes[key]["config"].get("materialized") == "ephemeral":
                yield from read_by(nodes[key])
            else:
                yield Relation(nodes[key]["schema"], nodes[key]["alias"])

    return sorted(set(read_by(node))), Relation(node["schema"], node["alias"])


@contextmanager
def _noting() -> Iterator[Cursor | None]:
    """Yield a cursor on the warehouse, None where lineage is off; a fault is a warning."""
    if not lineage_is_on():
        yield None
        return
    try:
        with (
            connected(connection_string(), purpose="lineage") as connection,
            connection,
            connection.cursor() as cursor,
        ):
            yield cursor
    except Exception:
        log.warning("the task's lineage could not be noted", exc_info=True)


def _note(reads: Collection[Any], writes: Collection[Any]) -> None:
    task = get_current_context()["task"]
    task.inlets = [*task.inlets, *reads]
    task.outlets = [*task.outlets, *writes]


def _named(namespace: str, name: str, facets: Mapping[str, Any] | None = None) -> Any:
    from openlineage.client.event_v2 import Dataset  # noqa: PLC0415 - may not be installed

    return Dataset(namespace=namespace, name=name, facets=dict(facets or {}))


def _datasets(
    cursor: Cursor, relations: Iterable[Relation], *, schema: str | None = None
) -> list[Any]:
    """Return those of the relations that exist as datasets with their columns.

    With `schema`, as the tables of the same names in that schema.
    """
    from openlineage.client.facet_v2 import schema_dataset  # noqa: PLC0415

    namespace = os.environ.get(NAMESPACE_VARIABLE, "").strip() or DEFAULT_NAMESPACE
    wanted = list(relations)
    cursor.execute(
        """
        select
            current_database(), wanted.schema, wanted.name,
            array_agg(attname::text order by attnum),
            array_agg(format_type(atttypid, atttypmod) order by attnum),
            array_agg(col_description(attrelid, attnum) order by attnum)
        from unnest(%s::text [], %s::text []) with ordinality as wanted (schema, name, place)
        inner join pg_attribute
            on attrelid = to_regclass(format('%%I.%%I', wanted.schema, wanted.name))
        where attnum > 0 and not attisdropped
        group by wanted.schema, wanted.name, wanted.place
        order by wanted.place
        """,
        ([each.schema for each in wanted], [each.name for each in wanted]),
    )
    return [
        _named(
            namespace,
            f"{database}.{schema or own}.{name}",
            {
                "schema": schema_dataset.SchemaDatasetFacet(
                    fields=[
                        schema_dataset.SchemaDatasetFacetFields(
                            name=column, type=kind, description=text
                        )
                        for column, kind, text in zip(columns, kinds, texts, strict=True)
                    ]
                )
            },
        )
        for database, own, name, columns, kinds, texts in cursor.fetchall()
    ]
