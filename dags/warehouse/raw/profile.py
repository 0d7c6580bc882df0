"""What the columns of a raw table hold: `meta.column_log`, a row per load and column but the key.

A full load counts the new table. A delta takes the counts of the load before, adds those of the
lines that came and takes off those of the lines that left. Counts and sums are exact, so both ways
give the same figures for the same file.
"""

from dataclasses import dataclass
from decimal import Decimal, localcontext

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor
from psycopg2.extras import execute_values

from warehouse.raw.raw_table import RawTable

# More digits than a sum over 10^12 rows of the largest bigint or the longest decimal has.
_DIGITS = 60
# NaN and Infinity are numbers to Postgres, and would stay in a sum for ever.
_IS_DECIMAL = "ascii({0}) between 48 and 57 and pg_input_is_valid({0}, 'numeric(18,6)')"
_IS_INTEGER = "pg_input_is_valid({0}, 'bigint')"


@dataclass(frozen=True, slots=True)
class Profile:
    """One column: rows, those without a value (null or ''), numbers among the values, their sum.

    `numbers` and `total` are None where the column is not one of numbers.
    """

    column: str
    rows: int
    nulls: int
    numbers: int | None = None
    total: Decimal | None = None

    def moved(self, came: "Profile", left: "Profile") -> "Profile":
        """Return the profile after the lines of `came` came and those of `left` left."""
        numbers = total = None
        if self.numbers is not None and self.total is not None:
            with localcontext(prec=_DIGITS):
                numbers = self.numbers + (came.numbers or 0) - (left.numbers or 0)
                total = self.total + (came.total or 0) - (left.total or 0)
        return Profile(
            self.column,
            self.rows + came.rows - left.rows,
            self.nulls + came.nulls - left.nulls,
            numbers,
            total,
        )

    @property
    def is_possible(self) -> bool:
        """Whether any table has such counts."""
        return 0 <= self.nulls <= self.rows and 0 <= (self.numbers or 0) <= self.rows - self.nulls


def note_counted(cursor: Cursor, raw: RawTable, load_id: int, table: sql.Composable) -> None:
    """Count `table`, which has the columns of `raw`, and note that `load_id` made it so."""
    _note(cursor, raw, load_id, _counted(cursor, raw, table))


def note_moved(cursor: Cursor, raw: RawTable, load_id: int, last_id: int | None) -> None:
    """Note what the table holds by what `load_id` changed since `last_id`, as the change table has.

    Where the load before has no counts to go on from (it is of an earlier version, or was counted
    in other columns), the table itself is counted.
    """
    held = {profile.column: profile for profile in _noted(cursor, last_id)}
    came, left = (
        _counted(
            cursor,
            raw,
            sql.SQL("(select * from {} where load_id = {} and is_new = {}) as changes").format(
                raw.changes, sql.Literal(load_id), sql.Literal(is_new)
            ),
        )
        for is_new in (True, False)
    )
    moved = [
        held[new.column].moved(new, old)
        for new, old in zip(came, left, strict=True)
        if new.column in held and (held[new.column].numbers is None) == (new.numbers is None)
    ]
    if len(moved) == len(came) and all(profile.is_possible for profile in moved):
        _note(cursor, raw, load_id, moved)
    else:
        note_counted(cursor, raw, load_id, raw.table)


def _counted(cursor: Cursor, raw: RawTable, source: sql.Composable) -> list[Profile]:
    """The profiles of a table, or of a query in brackets with an alias; in one scan."""
    columns, numbers = _columns(raw), _numbers(raw)
    lines = source
    if numbers:
        # A subquery of its own (offset 0), or each number would be read twice; which costs the
        # scan its workers, so tables without numbers do without.
        lines = sql.SQL("(select *, {} from {} offset 0) as lines").format(
            sql.SQL(", ").join(
                sql.SQL("case when {} then {}::{} end as {}").format(
                    sql.SQL(_IS_INTEGER if kind == "bigint" else _IS_DECIMAL).format(
                        sql.Identifier(column)
                    ),
                    sql.Identifier(column),
                    sql.SQL(kind),
                    _number(column),
                )
                for column, kind in numbers.items()
            ),
            source,
        )
    values = [sql.SQL("count(nullif({}, ''))").format(sql.Identifier(name)) for name in columns]
    values += [
        sql.SQL("count({0}), coalesce(sum({0}), 0)").format(_number(name)) for name in numbers
    ]
    cursor.execute(sql.SQL("select count(*), {} from {}").format(sql.SQL(", ").join(values), lines))
    row = cursor.fetchone()
    assert row is not None  # noqa: S101 - an aggregate always gives a row
    rows, filled, figures = row[0], row[1 : len(columns) + 1], row[len(columns) + 1 :]
    sums = dict(zip(numbers, zip(figures[::2], figures[1::2], strict=True), strict=True))
    return [
        Profile(column, rows, rows - values, *sums.get(column, ()))
        for column, values in zip(columns, filled, strict=True)
    ]


def _columns(raw: RawTable) -> list[str]:
    """All but the key: that no row is without one is what staging is tested for."""
    return [name for name in raw.dataset.table_columns if name not in raw.dataset.table_key]


def _numbers(raw: RawTable) -> dict[str, str]:
    """The columns of numbers and the type that they are read as."""
    dataset = raw.dataset
    return {
        **dict.fromkeys(dataset.table_integers, "bigint"),
        **dict.fromkeys(dataset.table_decimals, "numeric(18,6)"),
    }


def _number(column: str) -> sql.Identifier:
    return sql.Identifier(f"number_{column}")


def _noted(cursor: Cursor, load_id: int | None) -> list[Profile]:
    cursor.execute(
        "select column_name, rows, nulls, numbers, total from meta.column_log where load_id = %s",
        (load_id,),
    )
    return [Profile(*row) for row in cursor.fetchall()]


def _note(cursor: Cursor, raw: RawTable, load_id: int, profiles: list[Profile]) -> None:
    # Ids begin again in a ledger that was emptied.
    cursor.execute("delete from meta.column_log where load_id = %s", (load_id,))
    execute_values(
        cursor,
        "insert into meta.column_log "
        "(load_id, source, dataset, column_name, rows, nulls, numbers, total) values %s",
        [
            (
                *(load_id, raw.dataset.source, raw.dataset.name),
                *(one.column, one.rows, one.nulls, one.numbers, one.total),
            )
            for one in profiles
        ],
    )
