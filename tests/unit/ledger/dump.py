"""What a ledger says, without what may differ from run to run: row ids, read versions, file times."""

import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

Dump = dict[str, Counter[tuple[Any, ...]]]

# Surrogate ids, told by the agents' own names.
_NAMES = {
    "session_id": "(SELECT native_id FROM session WHERE id = {})",
    "seen_session_id": "(SELECT native_id FROM session WHERE id = {})",
    "link_session_id": "(SELECT native_id FROM session WHERE id = {})",
    "chain_id": (
        "(SELECT native_id || '/' || key FROM chain JOIN session ON session.id = session_id WHERE chain.id = {})"
    ),
    "call_id": "(SELECT message_id FROM call WHERE id = {})",
}
_OWN_IDS = {"session", "chain", "call", "source_file"}
_LEFT_OUT = {
    "source_file": {"inode", "mtime_ns", "state", "version", "first_seen", "last_seen", "gone_at"},
    "session": {"spend_stale", "model_stale"},
}


def dump(db: sqlite3.Connection, root: Path | None = None, *, without: frozenset[str] = frozenset()) -> Dump:
    """Every table's rows as a multiset; paths of files relative to `root`, tables of `without` left out."""
    tables = [
        row[0]
        for row in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
        if row[0] != "meta" and not row[0].startswith("_") and row[0] not in without
    ]
    return {table: _rows(db, table, root) for table in sorted(tables)}


def _rows(db: sqlite3.Connection, table: str, root: Path | None) -> Counter[tuple[Any, ...]]:
    columns = []
    for (name,) in db.execute("SELECT name FROM pragma_table_info(?) ORDER BY name", (table,)):
        if name in _LEFT_OUT.get(table, ()) or (name == "id" and table in _OWN_IDS):
            continue
        columns.append((name, _NAMES.get(name, "{}").format(f"{table}.{name}")))
    found = db.execute(f"SELECT {', '.join(expression for _, expression in columns)} FROM {table}")
    names = [name for name, _ in columns]
    rows: Counter[tuple[Any, ...]] = Counter()
    for row in found:
        rows[
            tuple(zip(names, (_short(name, value, root) for name, value in zip(names, row, strict=True)), strict=True))
        ] += 1
    return rows


def _short(name: str, value: Any, root: Path | None) -> Any:
    return str(Path(value).relative_to(root)) if name == "path" and root is not None else value


def differences(one: Dump, other: Dump) -> list[str]:
    """What stands in one dump only, for a test's message; empty if they are equal."""
    told = []
    for table in sorted({*one, *other}):
        left, right = one.get(table, Counter()), other.get(table, Counter())
        told += [f"only first  {table}: {dict(row)}" for row in left - right]
        told += [f"only second {table}: {dict(row)}" for row in right - left]
    return told
