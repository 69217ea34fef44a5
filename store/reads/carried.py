"""The parts of each call's cost, session by session: what the report on carried results is made from."""

import sqlite3
from collections.abc import Iterator

from store.reads.filter import Clause, Filter
from store.task_rows import COST_PARTS

_PARTS = ", ".join(f"call_split.{part}" for part in COST_PARTS)
_PAID = (
    f"SELECT call_split.session_id, call_split.call_id, missed, {_PARTS}"
    " FROM call_split JOIN call ON call.id = call_split.call_id JOIN session ON session.id = call_split.session_id"
)

PaidRow = tuple[int, ...]  # session, call, missed tokens, COST_PARTS in nano-dollars (None where unpriced)


def paid_by_session(db: sqlite3.Connection, chosen: Filter) -> Iterator[tuple[int, list[PaidRow]]]:
    """Rows of the chosen calls, session by session."""
    return _by_session(db, chosen.of_calls())


def paid_in_task(db: sqlite3.Connection, task_id: str) -> Iterator[tuple[int, list[PaidRow]]]:
    """Rows of a task's calls, session by session."""
    return _by_session(db, ("call_split.task_id = ?", [task_id]))


def paid_in_session(db: sqlite3.Connection, session_id: int) -> Iterator[tuple[int, list[PaidRow]]]:
    """Rows of a session's calls; yields nothing if it has none."""
    return _by_session(db, (f"call_split.session_id = {session_id:d}", []))


def _by_session(db: sqlite3.Connection, clause: Clause) -> Iterator[tuple[int, list[PaidRow]]]:
    where, values = clause
    session_id: int | None = None
    rows: list[PaidRow] = []
    for row in db.execute(f"{_PAID} WHERE {where} ORDER BY call_split.session_id", values):
        if row[0] != session_id and session_id is not None:
            yield session_id, rows
            rows = []
        session_id = row[0]
        rows.append(row)
    if session_id is not None:
        yield session_id, rows
