"""Recovery of a damaged ledger: it is renamed, and every row that can still be read is copied into a new one.

Derived tables are rebuilt, and the agents' files that still exist are read again to complete what is missing.
"""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from store.files import read_anew
from store.ledger import is_damage
from store.schema_version import SCHEMA_VERSION

_SUFFIXES = ("", "-wal", "-shm")
# Rows that others point at come first.
_RECORDS = (
    "price", "session", "chain", "call", "call_alias", "sighting", "turn", "tool_use", "event", "client_total",
    "limit_sample", "nudge", "source_file",
)  # fmt: skip
_SAID_BY_THE_USER = ("task_edit", "task_suggestion", "nudge_word", "metered_job")


def is_sound(path: Path) -> bool:
    """Whether a ledger can be read from end to end; one that is gone or out of reach is not damaged."""
    try:
        with closing(sqlite3.connect(path.absolute().as_uri() + "?mode=rw", uri=True)) as db:
            return bool(db.execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok")
    except sqlite3.Error as error:
        return not is_damage(error)


def set_aside(path: Path) -> Path:
    """Rename a damaged ledger and its journal files; returns the new path."""
    stamp = f"{path.stem}.damaged-{time.strftime('%Y%m%d-%H%M%S')}"
    kept = path.with_name(stamp + path.suffix)
    number = 1
    while kept.exists():
        number += 1
        kept = path.with_name(f"{stamp}-{number}{path.suffix}")
    for suffix in _SUFFIXES:
        old = Path(f"{path}{suffix}")
        if old.exists():
            old.rename(f"{kept}{suffix}")
    return kept


def remove(path: Path) -> None:
    """Remove a partly written ledger: the next one under this name would otherwise pick up its journal."""
    for suffix in _SUFFIXES:
        Path(f"{path}{suffix}").unlink(missing_ok=True)


def damaged_ledgers(path: Path) -> list[Path]:
    """Damaged ledgers that were set aside."""
    return sorted(path.parent.glob(f"{path.stem}.damaged-*{path.suffix}"))


def recover_rows(db: sqlite3.Connection, damaged: Path) -> None:
    """Copy every readable row of a damaged ledger into an empty one, inside the open transaction of `db`."""
    db.execute("PRAGMA defer_foreign_keys = ON")
    try:
        with closing(sqlite3.connect(damaged)) as old:
            is_alike = old.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION
            for table in (*_RECORDS, *_SAID_BY_THE_USER) if is_alike else _SAID_BY_THE_USER:
                _copy(db, old, table)
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
    for table in _RECORDS:
        for _, _, parent, child_column, parent_column, *_ in db.execute(f"PRAGMA foreign_key_list({table})").fetchall():
            db.execute(f"DELETE FROM {table} WHERE {child_column} NOT IN (SELECT {parent_column} FROM {parent})")
    db.execute("UPDATE session SET spend_stale = 1, model_stale = 1")
    read_anew(db)


def checkpoint_journal(db: sqlite3.Connection) -> None:
    """Checkpoint the journal into a new ledger's file, which is about to be renamed; sqlite3.Error if that fails.

    Closing alone would leave in the journal, without a word, what a full disk has no room for.
    """
    if db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        raise sqlite3.OperationalError("another process has it open")


def _copy(db: sqlite3.Connection, old: sqlite3.Connection, table: str) -> None:
    """Copy the rows before and after a damaged place; a row that is read twice is stored once."""
    columns = db.execute("SELECT name, pk FROM pragma_table_info(?) ORDER BY cid", (table,)).fetchall()
    names = ", ".join(name for name, _ in columns)
    key = sorted((place, name) for name, place in columns if place)
    for direction in ("ASC", "DESC"):
        order = ", ".join(f"{name} {direction}" for _, name in key)
        try:
            db.executemany(
                f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})",
                old.execute(f"SELECT {names} FROM {table} ORDER BY {order}"),
            )
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
                raise  # that is not the damaged one's fault, and the rest would be lost
            continue  # what was copied until then stays
        return
