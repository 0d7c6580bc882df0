"""What a full load changed: the new table compared with the old rows, in Postgres."""

from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor

from warehouse.raw.changes import Counts
from warehouse.raw.raw_table import RawTable


def write_compared(cursor: Cursor, raw: RawTable, load_id: int, base: sql.Composable) -> Counts:
    """Write to the change table how the successor of `raw` differs from `base`.

    `base` is a table or a query in brackets with the dataset's columns. Where a key is there twice
    or null the counts are those of a join by key, nothing is written and they are not exact.
    """
    old, new = raw.columns_of("held"), raw.columns_of("found")
    names = raw.dataset.table_columns
    cursor.execute(
        sql.SQL(
            """
            create temporary table differing on commit drop as
            select
                case
                    when held.is_there is null then 'inserted'
                    when found.is_there is null then 'deleted'
                    else 'updated'
                end as change,
                {pairs}
            from (select true as is_there, {columns} from {base} as base) as held
            full join (select true as is_there, {columns} from {new_table}) as found using ({key})
            where
                held.is_there is null
                or found.is_there is null
                or ({old}) is distinct from ({new})
            """
        ).format(
            pairs=sql.SQL(", ").join(
                sql.SQL("held.{0} as {1}, found.{0} as {2}").format(
                    sql.Identifier(name), _before(name), _after(name)
                )
                for name in names
            ),
            columns=raw.columns,
            base=base,
            new_table=raw.new,
            key=raw.key,
            old=old,
            new=new,
        )
    )
    cursor.execute("analyze differing")
    counts = _counted(cursor, raw, base)
    if counts.exact:
        cursor.execute(
            sql.SQL(
                """
                insert into {changes} (load_id, change, is_new, {columns})
                select {load_id}, change, false, {before} from differing where change <> 'inserted'
                union all
                select {load_id}, change, true, {after} from differing where change <> 'deleted'
                """
            ).format(
                changes=raw.changes,
                columns=raw.columns,
                load_id=sql.Literal(load_id),
                before=sql.SQL(", ").join(map(_before, names)),
                after=sql.SQL(", ").join(map(_after, names)),
            )
        )
        cursor.execute(sql.SQL("analyze {}").format(raw.changes))
    return counts


def _counted(cursor: Cursor, raw: RawTable, base: sql.Composable) -> Counts:
    keys = [
        sql.SQL("coalesce({}, {})").format(_before(name), _after(name))
        for name in raw.dataset.table_key
    ]
    cursor.execute(
        sql.SQL(
            """
            select
                count(*) filter (where change = 'inserted'),
                count(*) filter (where change = 'updated'),
                count(*) filter (where change = 'deleted'),
                count(distinct ({keys})) = count(*) and count(*) filter (where {no_key}) = 0
            from differing
            """
        ).format(
            keys=sql.SQL(", ").join(keys),
            no_key=sql.SQL(" or ").join(sql.SQL("{} is null").format(key) for key in keys),
        )
    )
    row = cursor.fetchone()
    assert row is not None  # noqa: S101 - an aggregate always gives a row
    inserted, updated, deleted, exact = row
    # With keys that are unique on both sides, and only then, the join loses and doubles nothing.
    sizes = sql.SQL(
        """
        select
            (select count(*) from {base} as base),
            (select count(*) from {new}),
            (select count(*) from {base} as base inner join {new} using ({key}))
        """
    ).format(base=base, new=raw.new, key=raw.key)
    if exact:
        cursor.execute(sizes)
        had, has, matched = cursor.fetchone() or (0, 0, 0)
        exact = (matched + deleted, matched + inserted) == (had, has)
    return Counts(inserted, updated, deleted, exact)


def count_by_key(cursor: Cursor, raw: RawTable) -> Counts:
    """Count how the successor differs from a table of another layout, by key; every row counts."""
    cursor.execute(
        sql.SQL(
            """
            select
                count(*) filter (where held.is_there is null),
                count(*) filter (where held.is_there and found.is_there),
                count(*) filter (where found.is_there is null)
            from (select true as is_there, {key} from {table}) as held
            full join (select true as is_there, {key} from {new}) as found using ({key})
            """
        ).format(table=raw.table, new=raw.new, key=raw.key)
    )
    return Counts(*(cursor.fetchone() or ()))


def replayed(raw: RawTable, *, since: int) -> sql.Composable:
    """A query for the rows that a history ends with, which begins with the load `since`."""
    return sql.SQL(
        """
        (
            select {columns} from (
                select distinct on ({key}) {columns}, is_new from {changes}
                where load_id >= {since}
                order by {key}, load_id desc, is_new desc
            ) as last_line
            where is_new
        )
        """
    ).format(columns=raw.columns, key=raw.key, changes=raw.changes, since=sql.Literal(since))


def _before(name: str) -> sql.Identifier:
    return sql.Identifier(f"before_{name}")


def _after(name: str) -> sql.Identifier:
    return sql.Identifier(f"after_{name}")
