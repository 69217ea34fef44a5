"""Whole tables as they are, for `taximeter export`."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from store.clauses import exists

# Read states, cached values and the library's bookkeeping: of no use to a reader.
_INTERNAL = ("meta", "source_file", "sqlite_stat1", "_sqlite_migrations")


def exportable_tables(db: sqlite3.Connection) -> list[str]:
    """Names of the tables that hold records or derived rows."""
    rows = db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
    return [row[0] for row in rows if row[0] not in _INTERNAL]


def table_rows(db: sqlite3.Connection, table: str) -> tuple[list[str], Iterator[Sequence[Any]]]:
    """Column names and rows of a table; binary columns as hexadecimal text. ValueError for a name not listed."""
    if table not in exportable_tables(db):
        raise ValueError(f"no such table: {table}")
    cursor = db.execute(f'SELECT * FROM "{table}"')
    names = [column[0] for column in cursor.description]
    if not exists(db, "SELECT 1 FROM pragma_table_info(?) WHERE type = 'BLOB'", (table,)):
        return names, cursor
    return names, (tuple(cell.hex() if isinstance(cell, bytes) else cell for cell in row) for row in cursor)
