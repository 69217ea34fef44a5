"""Stores what the client passes to its status line: usage of the plan's windows, and its own cost of the session.

A sample without news is not stored, and one that comes twice, late or out of order does no harm. Part of
the status line's 40 ms: nothing is imported but `sqlite3`.
"""

import sqlite3
from collections.abc import Iterable

# A reading that has not changed is stored again after this long, so that "still so" can be told from "not seen".
_REPEAT_AFTER_MS = 5 * 60_000


class LimitReading:
    """One window of a plan: `kind` five_hour or seven_day, percent used, and when it resets (epoch ms)."""

    __slots__ = ("kind", "resets_at", "used_percent")

    def __init__(self, kind: str, used_percent: float, resets_at: int | None) -> None:
        self.kind = kind
        self.used_percent = used_percent
        self.resets_at = resets_at


class StatusSample:
    """One run of the status line: session, epoch ms, the client's total in nano-dollars and its counter's start."""

    __slots__ = ("at", "cost_nano", "limits", "session", "started_at")

    def __init__(
        self,
        session: str,
        at: int,
        cost_nano: int | None,
        started_at: int | None,
        limits: Iterable[LimitReading] = (),
    ) -> None:
        self.session = session
        self.at = at
        self.cost_nano = cost_nano
        self.started_at = started_at
        self.limits = tuple(limits)


def put_samples(db: sqlite3.Connection, samples: Iterable[StatusSample]) -> int:
    """Store the changes in these samples of Claude Code, in one transaction; returns the number of rows written.

    sqlite3.Error if the ledger is busy, read-only or has no such tables.
    """
    written = 0
    began = False
    try:
        for sample in sorted(samples, key=lambda one: one.at):
            changes = _changes(db, sample)
            if changes and not db.in_transaction:
                db.execute("BEGIN IMMEDIATE")
                began = True
                changes = _changes(db, sample)  # another writer may have been first
            for statement, values in changes:
                written += db.execute(statement, values).rowcount
    except BaseException:
        if began and db.in_transaction:
            db.execute("ROLLBACK")
        raise
    if began:
        db.execute("COMMIT")
    return written


_Change = tuple[str, tuple[object, ...]]
_SESSION = "(SELECT id FROM session WHERE agent = 'claude-code' AND native_id = ?)"
_NEW_SESSION = "INSERT OR IGNORE INTO session (agent, native_id) VALUES ('claude-code', ?)"
_LIMIT = f"INSERT INTO limit_sample (kind, session_id, at, used_percent, resets_at) VALUES (?, {_SESSION}, ?, ?, ?)"
_TOTAL_BEGINS = f"""
    INSERT INTO client_total (session_id, source, position, at, started_at, cost, models, unknown_model)
    VALUES ({_SESSION}, 'statusline', ?, ?, ?, ?, '[]', 0)
"""
_TOTAL_GROWS = f"""
    UPDATE client_total SET at = ?, started_at = MIN(started_at, ?), cost = ?
    WHERE source = 'statusline' AND position = ? AND session_id = {_SESSION}
"""
_TASKS_SHARE_IT = "UPDATE session SET model_stale = 1 WHERE agent = 'claude-code' AND native_id = ? AND NOT model_stale"


def _changes(db: sqlite3.Connection, sample: StatusSample) -> list[_Change]:
    changes = [change for reading in sample.limits for change in _limit_change(db, sample, reading)]
    if sample.cost_nano is not None:
        changes += _total_change(db, sample, sample.cost_nano)
    if not changes:
        return []
    return [(_NEW_SESSION, (sample.session,)), *changes]


def _limit_change(db: sqlite3.Connection, sample: StatusSample, reading: LimitReading) -> list[_Change]:
    latest = db.execute(
        f"SELECT at, used_percent, resets_at FROM limit_sample WHERE kind = ? AND session_id = {_SESSION}"
        " ORDER BY at DESC LIMIT 1",
        (reading.kind, sample.session),
    ).fetchone()
    if latest is not None:
        same = (latest[1], latest[2]) == (reading.used_percent, reading.resets_at)
        if sample.at <= latest[0] or (same and sample.at < latest[0] + _REPEAT_AFTER_MS):
            return []
    return [(_LIMIT, (reading.kind, sample.session, sample.at, reading.used_percent, reading.resets_at))]


def _total_change(db: sqlite3.Connection, sample: StatusSample, cost_nano: int) -> list[_Change]:
    """Changes to the session's cost counter, which has one row a run: it restarts at zero after a crash.

    Two terminals on one session give overlapping rows.
    """
    latest = db.execute(
        "SELECT position, at, cost FROM client_total WHERE source = 'statusline' AND session_id = "
        f"{_SESSION} ORDER BY position DESC LIMIT 1",
        (sample.session,),
    ).fetchone()
    if latest is not None:
        position, at, cost = latest
        if sample.at <= at or cost == cost_nano:
            return []
        if cost_nano > cost:
            return [
                (_TOTAL_GROWS, (sample.at, sample.started_at, cost_nano, position, sample.session)),
                (_TASKS_SHARE_IT, (sample.session,)),
            ]
    elif cost_nano == 0:
        return []
    position = 0 if latest is None else latest[0] + 1
    begins = (_TOTAL_BEGINS, (sample.session, position, sample.at, sample.started_at, cost_nano))
    return [begins, (_TASKS_SHARE_IT, (sample.session,))]
