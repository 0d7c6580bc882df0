"""How tests of properties run (the same every time, bounded), and what they are made of."""

import os
from itertools import pairwise

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from tests.support.snapshots import N, Row
from warehouse.raw.dataset import Dataset

# Any text that a field can have: all but what ends a field or a line, and what no file has.
TEXTS = st.one_of(
    st.sampled_from([N, r"\\N", r"\N ", "", r"\.", "\\", '"', '""', "'", " ", "\x02", "\x7f"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\n\r\0\b"), max_size=20),
)


# Set where it is enough to know that there is a counterexample, as for each of many mutants.
ANY_WILL_DO = "HYPOTHESIS_ANY_COUNTEREXAMPLE"
_ALL = (Phase.explicit, Phase.generate, Phase.target, Phase.shrink, Phase.explain)
_PHASES = _ALL[:3] if ANY_WILL_DO in os.environ else _ALL


def examples(count: int, *, steps: int = 50) -> settings:
    """At most `count` examples (of `steps` steps), the same in every run, slow as they may be."""
    return settings(
        max_examples=count,
        stateful_step_count=steps,
        derandomize=True,
        database=None,
        deadline=None,
        phases=_PHASES,
        # A database or a folder that is shared by the examples is meant.
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


def load_profile() -> None:
    """Let this be so for every test that does not say otherwise."""
    settings.register_profile("the same every time", examples(100))
    settings.load_profile("the same every time")


def rows_of(dataset: Dataset, *, most: int = 60) -> st.SearchStrategy[list[Row]]:
    """Any rows that a file of `dataset` can hold."""
    return st.lists(st.tuples(*[TEXTS] * len(dataset.columns)), min_size=1, max_size=most)


def cut_anywhere(text: bytes) -> st.SearchStrategy[list[bytes]]:
    """The text in pieces, some of them empty."""

    def pieces(places: list[int]) -> list[bytes]:
        ends = [0, *sorted(places), len(text)]
        return [text[start:end] for start, end in pairwise(ends)]

    return st.lists(st.integers(0, len(text)), max_size=6).map(pieces)
