"""Every metric equals the mart: row by row, at each grain that a mart or its rows have."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.local.layout import LocalError
from include.local.metrics import answer, parse
from include.local.semantics import MetricQuestionError, Question, resolve, short
from tests.support.metric_scene import MetricScene, metric_scene
from tests.support.metrics_page import PAGE, page
from tests.support.postgres import Cluster

COMPARED = Path(__file__).parents[2] / "support" / "metrics"


@dataclass(frozen=True)
class MetricComparison:
    """A metric by a grain, and the query of the marts with the same rows.

    The mart's values are rounded to `rounded_to` digits; None is for exact ones.
    """

    metric: str
    by: list[str]
    mart: str
    rounded_to: int | None = None
    where: str | None = None

    def __str__(self) -> str:
        """As the test's name has it."""
        return f"{self.metric} by {', '.join(self.by) or 'nothing'}"

    @property
    def question(self) -> Question:
        """The question to the semantic layer."""
        return Question((self.metric,), tuple(self.by), (self.where,) if self.where else ())

    @property
    def tolerance(self) -> float:
        """How far rounding moves a value of the mart."""
        return 0.0 if self.rounded_to is None else 0.5 / 10.0**self.rounded_to


COMPARISONS = [
    MetricComparison(**entry)
    for path in sorted(COMPARED.glob("*.yml"))
    for entry in yaml.safe_load(path.read_text("utf-8"))
]


@pytest.fixture(scope="module")
def scene(postgres: Cluster) -> Iterator[MetricScene]:
    with metric_scene(postgres) as built:
        yield built


def differences(
    found: Sequence[Sequence[Any]], expected: Sequence[Sequence[Any]], tolerance: float
) -> list[str]:
    """Say which rows are in one only, and which values are further apart than by rounding."""
    left, right = ({tuple(row[:-1]): row[-1] for row in rows} for rows in (found, expected))
    assert len(left) == len(found), "two rows for one group"
    said = [f"{key}: no such row in the mart" for key in left.keys() - right.keys()]
    said += [f"{key}: no such row of the metric" for key in right.keys() - left.keys()]
    for key in left.keys() & right.keys():
        one, other = left[key], right[key]
        if one is None or other is None:
            near = one is other
        else:
            near = abs(float(one) - float(other)) <= tolerance + 1e-9 * abs(float(other))
        if not near:
            said.append(f"{key}: the metric is {one}, the mart has {other}")
    return said


@pytest.mark.parametrize("comparison", COMPARISONS, ids=str)
def test_a_metric_equals_the_mart(scene: MetricScene, comparison: MetricComparison) -> None:
    found, expected = scene.asked(comparison.question), scene.rows(comparison.mart)
    assert any(row[-1] is not None for row in expected), "no value proves nothing"
    assert differences(found, expected, comparison.tolerance) == []


def test_every_metric_is_compared(scene: MetricScene) -> None:
    assert {each.metric for each in COMPARISONS} == scene.layer.metrics.keys()


def test_every_metric_says_what_it_is_and_its_example_has_an_answer(scene: MetricScene) -> None:
    for metric in scene.layer.metrics.values():
        assert metric.description
        assert metric.reason
        assert scene.asked(parse(metric.example)[0]), metric.name


def test_the_page_of_the_metrics_says_what_the_definitions_say(scene: MetricScene) -> None:
    written = "PYTHONPATH=dags python -m tests.support.metrics_page writes it"
    assert PAGE.read_text("utf-8") == page(scene.layer), written


def test_a_mart_that_is_not_live_is_named_with_the_run_that_publishes_it(
    scene: MetricScene,
) -> None:
    """The scene has built marts, but published none."""
    live = scene.layer.sql(Question(("roi",), ("studio_tier",))).replace("marts_next", "marts")
    sources = {"fact_movies": "tmdb", "dim_production_companies": "tmdb"}
    with pytest.raises(LocalError, match=r"is not live: .* make run PIPELINES=tmdb publishes it"):
        answer(scene.database.url_of("analyst"), live, sources)


def test_an_answer_is_a_table_and_asking_writes_nothing(scene: MetricScene) -> None:
    url = scene.database.url_of("pipeline")
    shown = answer(url, "select 'Ömer' as name, 1.5::float as roi, null::int as votes", {})
    assert shown.splitlines()[2:] == [" Ömer   | 1.5000 |", "(1 row)"]
    with pytest.raises(LocalError, match="read-only transaction"):
        answer(url, "create table marts.asked ()", {})


def test_no_metric_is_joined_to_the_days(scene: MetricScene) -> None:
    """Else it would need TMDb's marts, and have rows where nothing happened."""
    for name in scene.layer.metrics:
        assert "dim_dates" not in scene.layer.sql(Question((name,)))


def test_a_ratio_is_never_a_sum_or_a_mean_of_ratios(scene: MetricScene) -> None:
    """A ratio is made of two metrics that are no ratios themselves; no measure reads a ratio."""
    metrics = scene.layer.metrics.values()
    ratios = {each.name: each.parts for each in metrics if each.kind == "ratio"}
    assert ratios
    assert not {part for parts in ratios.values() for part in parts} & ratios.keys()


def test_short_words_mean_the_nearest_name(scene: MetricScene) -> None:
    known = scene.layer.group_bys(["imdb_votes"])
    assert resolve("title", known) == "imdb_title"
    assert resolve("year", known) == "metric_time__year"
    assert {resolve(word, known) for word in short(known)} <= {kind.name for kind in known}


@pytest.mark.parametrize(
    ("question", "said"),
    [
        (Question(("roii",)), "There is no metric roii. The metrics are"),
        (Question(()), "Name a metric. The metrics are"),
        (Question(("roi",), ("genre_share",)), "cannot be grouped by genre_share. They can be by"),
        (Question(("roi", "genre_share"), ("title",)), "cannot be grouped by title"),
    ],
)
def test_a_question_without_an_answer_says_what_there_is(
    scene: MetricScene, question: Question, said: str
) -> None:
    with pytest.raises(MetricQuestionError, match=said):
        scene.layer.sql(question)
