"""Property tests that give the same verdict every time, and what they are made of."""

from itertools import pairwise

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from imdb_pipeline.config import Dataset
from tests.support.snapshots import N, Row

# Deterministic, no deadlines on a busy machine, and no folder that remembers examples.
settings.register_profile(
    "promises",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("promises")

# Any text that a field can have: all but what ends a field or a line, and what no file has.
TEXTS = st.one_of(
    st.sampled_from([N, r"\\N", r"\N ", "", r"\.", "\\", '"', '""', "'", " ", "\x02", "\x7f"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\n\r\0\b"), max_size=20),
)


def rows_of(dataset: Dataset, *, most: int = 60) -> st.SearchStrategy[list[Row]]:
    """Any rows that a file of `dataset` can hold."""
    return st.lists(st.tuples(*[TEXTS] * len(dataset.columns)), min_size=1, max_size=most)


def cut_anywhere(text: bytes) -> st.SearchStrategy[list[bytes]]:
    """The text in pieces, some of them empty."""

    def pieces(places: list[int]) -> list[bytes]:
        ends = [0, *sorted(places), len(text)]
        return [text[start:end] for start, end in pairwise(ends)]

    return st.lists(st.integers(0, len(text)), max_size=6).map(pieces)
