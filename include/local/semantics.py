"""The semantic layer: the governed metrics of the dbt project, and the SQL of a question to them.

MetricFlow plans the SQL from the semantic manifest that dbt wrote. It opens no connection here.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from types import SimpleNamespace
from typing import Any

from metricflow.engine.metricflow_engine import (
    MetricFlowEngine,
    MetricFlowQueryRequest,
    OutputColumnOrderMode,
)
from metricflow.protocols.sql_client import SqlEngine
from metricflow.sql.render.postgres import PostgresSQLSqlPlanRenderer
from metricflow_semantic_interfaces.references import MetricReference
from metricflow_semantics.errors.error_classes import MetricFlowException
from metricflow_semantics.model.dbt_manifest_parser import (
    parse_manifest_from_dbt_generated_manifest,
)
from metricflow_semantics.model.linkable_element_property import GroupByItemProperty
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup
from metricflow_semantics.model.semantics.element_filter import GroupByItemSetFilter

# A measure without a time of its own has this time dimension, which is always NULL.
NO_TIME = "no_time"
TIME = "metric_time"
_WORD = re.compile(r"'(?:[^']|'')*'|\{\{.*?\}\}|[A-Za-z_]\w*")


class MetricQuestionError(Exception):
    """A question that the semantic layer cannot answer; the message says why and what it can."""


@dataclass(frozen=True, slots=True)
class MetricMeasure:
    """A measure as it is in its table."""

    name: str
    aggregation: str
    expression: str
    table: str
    time: str
    newest_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Metric:
    """A governed metric: of one measure, or of other metrics, with their names in `expression`."""

    name: str
    description: str
    reason: str
    example: str
    condition: str
    kind: str
    measure: MetricMeasure | None
    expression: str
    parts: tuple[str, ...]

    @property
    def formula(self) -> str:
        """What is computed, from the definition itself."""
        if self.measure is None:
            return self.expression
        of_last = ", ".join(self.measure.newest_by)
        return (
            f"{self.measure.aggregation.replace('_', ' ')} of {self.measure.expression}"
            + (f", of the last rows by {of_last}" if of_last else "")
            + (f", where {self.condition}" if self.condition else "")
        )


@dataclass(frozen=True, slots=True)
class GroupBy:
    """What metrics can be grouped by: an entity, a dimension, or a grain of a time dimension."""

    name: str
    links: int
    kind: str

    @property
    def is_time(self) -> bool:
        """Return whether it is a time dimension at one grain."""
        return self.kind == "time_dimension"


@dataclass(frozen=True, slots=True)
class Question:
    """What a user asks: metrics, what they are grouped by, conditions, order, limit, time."""

    metrics: tuple[str, ...]
    group_by: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    limit: int | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None


class SemanticLayer:
    """The metrics of a semantic manifest."""

    def __init__(self, manifest: str) -> None:
        self._content: dict[str, Any] = json.loads(manifest)
        self._lookup = SemanticManifestLookup(parse_manifest_from_dbt_generated_manifest(manifest))
        client = SimpleNamespace(
            sql_engine_type=SqlEngine.POSTGRES, sql_plan_renderer=PostgresSQLSqlPlanRenderer()
        )
        self._engine = MetricFlowEngine(self._lookup, client)

    @cached_property
    def metrics(self) -> dict[str, Metric]:
        """The metrics by name."""
        return {entry["name"]: self._metric(entry) for entry in self._content["metrics"]}

    @cached_property
    def measures(self) -> dict[str, MetricMeasure]:
        """The measures by name."""
        return {
            measure["name"]: MetricMeasure(
                measure["name"],
                measure["agg"],
                " ".join((measure["expr"] or measure["name"]).split()),
                model["node_relation"]["alias"],
                measure["agg_time_dimension"] or model["defaults"]["agg_time_dimension"],
                tuple((measure["non_additive_dimension"] or {}).get("window_groupings", ())),
            )
            for model in self._content["semantic_models"]
            for measure in model["measures"]
        }

    def tables(self, metric: str) -> list[str]:
        """Return the marts whose columns `metric` is made of."""
        found = self.metrics[metric]
        if found.measure:
            return [found.measure.table]
        return sorted({table for part in found.parts for table in self.tables(part)})

    def group_bys(self, metrics: Iterable[str]) -> list[GroupBy]:
        """Return what all of `metrics` can be grouped by, the nearest first."""
        metrics = tuple(metrics)
        hidden = {GroupByItemProperty.DATE_PART, GroupByItemProperty.METRIC}
        found = self._lookup.metric_lookup.get_common_group_by_items(
            metric_references=tuple(MetricReference(element_name=name) for name in metrics),
            set_filter=GroupByItemSetFilter.create(any_properties_denylist=tuple(hidden)),
        ).annotated_specs
        timeless = any(self._is_timeless(metric) for metric in metrics)
        kinds = [
            GroupBy(spec.spec.dunder_name, len(spec.entity_link_names), spec.element_type.value)
            for spec in found
            if spec.element_name != NO_TIME and not (timeless and spec.element_name == TIME)
        ]
        near = {kind.name for kind in kinds if kind.links == 0}
        # An entity of the same row has a second name, with the row's own entity before it.
        again = {kind for kind in kinds if kind.links and kind.kind == "entity"}
        again = {kind for kind in again if kind.name.rpartition("__")[2] in near}
        return sorted({*kinds} - again, key=lambda kind: (kind.links, kind.name))

    def sql(self, question: Question) -> str:
        """Return the SQL that answers. Raises MetricQuestionError."""
        unknown = sorted({*question.metrics} - self.metrics.keys())
        if unknown or not question.metrics:
            named = f"There is no metric {' and no '.join(unknown)}" if unknown else "Name a metric"
            raise MetricQuestionError(f"{named}. The metrics are {', '.join(self.metrics)}.")
        known = self.group_bys(question.metrics)
        try:
            explained = self._engine.explain(
                MetricFlowQueryRequest.create(
                    metric_names=question.metrics,
                    group_by_names=[resolve(word, known) for word in question.group_by],
                    where_constraints=[_condition(text, known) for text in question.where] or None,
                    order_by_names=[self._order(word, known) for word in question.order],
                    limit=question.limit,
                    time_constraint_start=question.start_time,
                    time_constraint_end=question.end_time,
                    output_column_order_mode=OutputColumnOrderMode.INPUT_ORDER,
                )
            )
        except MetricFlowException as error:
            raise MetricQuestionError(str(error).strip()) from error
        return str(explained.sql_statement.sql)

    def _is_timeless(self, metric: str) -> bool:
        """Return whether a measure of `metric` has no time of its own."""
        found = self.metrics[metric]
        if found.measure:
            return found.measure.time == NO_TIME
        return any(self._is_timeless(part) for part in found.parts)

    def _order(self, word: str, known: Sequence[GroupBy]) -> str:
        name = word.removeprefix("-")
        sign = "-" if name != word else ""
        return sign + (name if name in self.metrics else resolve(name, known))

    def _metric(self, entry: dict[str, Any]) -> Metric:
        given, meta = entry["type_params"], entry["config"]["meta"]
        named = [given["numerator"], given["denominator"], *given["metrics"]]
        parts = tuple(part["name"] for part in named if part)
        measure = (given["measure"] or {}).get("name")
        filters = (entry["filter"] or {}).get("where_filters", ())
        return Metric(
            entry["name"],
            " ".join((entry["description"] or "").split()),
            " ".join(meta.get("reason", "").split()),
            meta.get("example", ""),
            " and ".join(_plain(text["where_sql_template"]) for text in filters),
            entry["type"],
            self.measures[measure] if measure else None,
            given["expr"] or " / ".join(parts),
            parts,
        )


def resolve(word: str, known: Sequence[GroupBy]) -> str:
    """Return the full name of `word`: `title` is an entity such as imdb_title, `week` a time grain.

    A name that ends with the word is meant, that with the fewest joins. Raises MetricQuestionError.
    """
    names = [kind.name for kind in known]
    for exact in (word, f"{TIME}__{word}"):
        if exact in names:
            return exact
    dimensions = [kind for kind in known if not kind.is_time]
    for end in (f"__{word}", f"_{word}"):
        found = [kind for kind in dimensions if kind.name.endswith(end)]
        nearest = [kind.name for kind in found if kind.links == found[0].links]
        if len(nearest) == 1:
            return nearest[0]
        if nearest:
            raise MetricQuestionError(f"{word} can be {' or '.join(nearest)}: write one of them.")
    raise MetricQuestionError(
        f"These metrics cannot be grouped by {word}. They can be by {', '.join(short(known))}."
    )


def short(known: Sequence[GroupBy]) -> list[str]:
    """Return the shortest words for the names in `known` that mean just one of them."""
    words = []
    for kind in known:
        if kind.is_time and not kind.name.startswith(TIME):
            continue
        word = kind.name.rpartition("__")[2]
        try:
            words.append(word if resolve(word, known) == kind.name else kind.name)
        except MetricQuestionError:
            words.append(kind.name)
    return words


def _condition(text: str, known: Sequence[GroupBy]) -> str:
    """Return `text` with each name of `known` as MetricFlow writes it in a condition."""
    kinds = {kind.name: kind for kind in known}

    def named(match: re.Match[str]) -> str:
        word = match[0]
        if word[0] in "'{":
            return word
        try:
            kind = kinds[resolve(word, known)]
        except MetricQuestionError:
            return word
        name, _, grain = kind.name.rpartition("__")
        if kind.is_time:
            return f"{{{{ TimeDimension('{name}', '{grain}') }}}}"
        return f"{{{{ {kind.kind.capitalize()}('{kind.name}') }}}}"

    return _WORD.sub(named, text)


def _plain(template: str) -> str:
    """Return a condition of a metric without MetricFlow's marks, for a reader."""
    return re.sub(r"\{\{ *\w+\('(?:\w+__)?(\w+?)'.*?\) *\}\}", r"\1", template)
