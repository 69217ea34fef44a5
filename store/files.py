"""How far each file was read. A read state is committed together with the records that were read (store.write)."""

import sqlite3
import time
from collections.abc import Sequence
from typing import Any, NamedTuple


class KnownFile(NamedTuple):
    """A file as the ledger last saw it."""

    inode: int
    size: int
    mtime_ns: int
    bad_lines: int
    gone: bool


def known_files(db: sqlite3.Connection) -> dict[str, KnownFile]:
    """Every file that was ever read, by path."""
    rows = db.execute("SELECT path, inode, size, mtime_ns, bad_lines, gone_at IS NOT NULL FROM source_file")
    return {row[0]: KnownFile._make(row[1:]) for row in rows}


def read_state(db: sqlite3.Connection, path: str) -> tuple[int, bytes | None]:
    """Version and encoded read state of a file; (0, None) if it is new."""
    row = db.execute("SELECT version, state FROM source_file WHERE path = ?", (path,)).fetchone()
    return (0, None) if row is None else (row[0], row[1])


def mark_gone(db: sqlite3.Connection, paths: Sequence[str]) -> None:
    """Mark files as gone; their records stay."""
    now = int(time.time() * 1000)
    db.executemany("UPDATE source_file SET gone_at = ? WHERE path = ?", [(now, path) for path in paths])


def read_anew(db: Any) -> None:
    """Reset every read state, so that each file is read again from its start.

    Of Cline's and Roo's files, the part of the state that says which rows were removed stays: nothing else records it.
    """
    kept = db.execute(
        "SELECT id, state FROM source_file WHERE agent IN ('cline', 'roo') AND state IS NOT NULL"
    ).fetchall()
    db.execute("UPDATE source_file SET state = NULL, mtime_ns = 0, version = version + 1")
    for file, state in kept:
        db.execute("UPDATE source_file SET state = ? WHERE id = ?", (_without_told(state), file))


def _without_told(state: bytes) -> bytes | None:
    """A read state (sources.base.ReadState) without the file's fingerprint and the records already handed over."""
    import msgspec

    try:
        inode, size, mtime_ns, offset, _head, tail, carry = msgspec.msgpack.decode(state)
        seen, _told, *more = msgspec.msgpack.decode(carry)
    except (msgspec.DecodeError, TypeError, ValueError):
        return None
    carry = msgspec.msgpack.encode([seen, b"", *more])
    return msgspec.msgpack.encode([inode, size, mtime_ns, offset, b"", tail, carry])


class Advance(NamedTuple):
    """A file's new read state: everything up to it is in the ledger."""

    path: str
    agent: str
    kind: str
    inode: int
    size: int
    mtime_ns: int
    state: bytes
    bad_lines: int
    from_start: bool


def advance(db: sqlite3.Connection, file: Advance, version: int) -> bool:
    """Replace a file's read state if it is still at `version`; False if another process was first."""
    now = int(time.time() * 1000)
    if version == 0:
        cursor = db.execute(
            "INSERT INTO source_file (path, agent, kind, inode, size, mtime_ns, state, version, bad_lines,"
            " first_seen, last_seen) VALUES (?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?) ON CONFLICT DO NOTHING",
            (*file[:8], now, now),
        )
    else:
        cursor = db.execute(
            "UPDATE source_file SET inode = ?, size = ?, mtime_ns = ?, state = ?, version = version + 1,"
            " bad_lines = bad_lines * ? + ?, last_seen = ?, gone_at = NULL WHERE path = ? AND version = ?",
            (*file[3:7], not file.from_start, file.bad_lines, now, file.path, version),
        )
    return cursor.rowcount > 0
