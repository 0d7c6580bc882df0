"""A dataset: one table of raw lines that a source delivers as a whole file."""

import re
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Dataset:
    """One file of a source: its name without ending, header, key columns, a task's time limit.

    The key is the first one or two columns. With `history` the change table keeps every change
    since the first load, and so gives back the file of any day. `integers` and `decimals` are the
    columns of numbers, whose sums each load notes.
    """

    source: str
    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    timeout: timedelta
    history: bool = False
    integers: tuple[str, ...] = ()
    decimals: tuple[str, ...] = ()
    file_suffix: str = "tsv.gz"

    @property
    def slug(self) -> str:
        """The name where dots are not allowed: task ids, Variables, tables."""
        return self.name.replace(".", "_")

    @property
    def file_name(self) -> str:
        """The file at the source and in the data folder."""
        return f"{self.name}.{self.file_suffix}"

    @property
    def previous_file_name(self) -> str:
        """The snapshot before that one in the data folder."""
        return f"{self.name}.previous.{self.file_suffix}"

    @property
    def load_name(self) -> str:
        """The name of a load of it, and of its lock: there is one at a time."""
        return f"{self.source}: load {self.name}"

    @property
    def table(self) -> str:
        """The table in schema `raw`."""
        return f"{self.source}_{self.slug}"

    @property
    def changes_table(self) -> str:
        """The table in schema `raw` of what each load changed."""
        return f"{self.table}_changes"

    @property
    def header(self) -> bytes:
        """The first line of the file, without its newline."""
        return "\t".join(self.columns).encode()

    @property
    def table_columns(self) -> tuple[str, ...]:
        """The columns of the raw table: the header's in snake_case, in the same order."""
        return tuple(_snake_case(column) for column in self.columns)

    @property
    def table_key(self) -> tuple[str, ...]:
        """The key columns of the raw table."""
        return tuple(_snake_case(column) for column in self.key)

    @property
    def table_integers(self) -> tuple[str, ...]:
        """The columns of integers of the raw table."""
        return tuple(_snake_case(column) for column in self.integers)

    @property
    def table_decimals(self) -> tuple[str, ...]:
        """The columns of decimals of the raw table."""
        return tuple(_snake_case(column) for column in self.decimals)


def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
