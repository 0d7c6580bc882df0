"""What include/sql makes, read from its text: schemas, and tables with their columns."""

import re
from collections.abc import Iterator
from pathlib import Path

from include.local.warehouse import SQL_FOLDER, sql_files

_COMMENT = re.compile(r"--[^\n]*")
_SCHEMA = re.compile(r"\bcreate schema if not exists (\w+)")
_TABLE = re.compile(r"\bcreate table if not exists (\w+\.\w+) \((.*?)\n\);", re.DOTALL)
_ALTER = re.compile(r"\balter table (\w+\.\w+)\s(.*?);", re.DOTALL)
_ADDED = re.compile(r"\badd column if not exists (\w+)")
_CHANGE_TABLE = re.compile(r"\bselect meta\.make_change_table\('(\w+)'\)")
_OF_CHANGES = ("load_id", "change", "is_new")
_NO_COLUMNS = {"check", "constraint", "exclude", "foreign", "primary", "unique"}


def schemas(folder: Path = SQL_FOLDER) -> tuple[str, ...]:
    """Return the schemas that the DDL in `folder` makes."""
    return tuple(name for text in _texts(folder) for name in _SCHEMA.findall(text))


def tables(folder: Path = SQL_FOLDER) -> dict[str, tuple[str, ...]]:
    """Return the tables that the DDL in `folder` makes, as schema.table, with their columns."""
    found: dict[str, tuple[str, ...]] = {}
    for text in _texts(folder):
        for name, body in _TABLE.findall(text):
            lines = (line.split() for line in body.splitlines())
            words = (line[0] for line in lines if len(line) > 1)
            columns = (word for word in words if word.isidentifier() and word not in _NO_COLUMNS)
            found[name] = (*found.get(name, ()), *columns)
        for name, body in _ALTER.findall(text):
            fresh = [column for column in _ADDED.findall(body) if column not in found.get(name, ())]
            found[name] = (*found.get(name, ()), *fresh)
        for name in _CHANGE_TABLE.findall(text):
            found[f"raw.{name}_changes"] = (*_OF_CHANGES, *found[f"raw.{name}"])
    return found


def _texts(folder: Path) -> Iterator[str]:
    for path in sql_files(folder):
        yield _COMMENT.sub("", path.read_text("utf-8"))
