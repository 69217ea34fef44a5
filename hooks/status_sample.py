"""Stores what the client passes to its status line: in the ledger, or in the spool if that is busy or missing.

A ledger of a newer version is not written either: the next reader of the spool may know its schema.
"""

import os
import sqlite3

from hooks.spool import append
from hooks.status_segments import client_cost_nano, limit_windows, number
from store.samples import LimitReading, StatusSample, put_samples
from store.schema_version import SCHEMA_VERSION

LEDGER_FILE = "ledger.db"
LEDGER_BUSY_SECONDS = 0.02
STATUS_EVENT = "StatusLine"


def keep_sample(home: str, session_id: str, status: dict[str, object], now_ms: int) -> None:
    """Store limits and cost of this run, if the client gave any; OSError if not even the spool can be written."""
    sample = read_sample(session_id, status, now_ms)
    if not sample.limits and not sample.cost_nano:
        return
    try:
        _store(os.path.join(home, LEDGER_FILE), sample)
    except sqlite3.Error:
        append(home, spool_record(sample))


def read_sample(session_id: str, status: dict[str, object], now_ms: int) -> StatusSample:
    """The sample in the client's JSON."""
    limits = [
        LimitReading(kind, float(used_percent), None if resets_at is None else int(resets_at * 1000))
        for kind, used_percent, resets_at in limit_windows(status)
    ]
    duration_ms = number(status, "cost", "total_duration_ms")
    started_at = now_ms - int(duration_ms) if duration_ms is not None and 0 <= duration_ms <= now_ms else None
    return StatusSample(session_id, now_ms, client_cost_nano(status), started_at, limits)


def spool_record(sample: StatusSample) -> dict[str, str | int | float | None]:
    """The sample as a line of the spool."""
    record: dict[str, str | int | float | None] = {
        "event": STATUS_EVENT,
        "at": sample.at,
        "session_id": sample.session,
        "cost_nano": sample.cost_nano,
        "started_at": sample.started_at,
    }
    for reading in sample.limits:
        record[f"{reading.kind}_used_percent"] = reading.used_percent
        record[f"{reading.kind}_resets_at"] = reading.resets_at
    return record


def _store(path: str, sample: StatusSample) -> None:
    address = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    # Opened without creating: only store.ledger makes ledgers.
    db = sqlite3.connect(f"file:{address}?mode=rw", uri=True, timeout=LEDGER_BUSY_SECONDS, isolation_level=None)
    try:
        if db.execute("PRAGMA user_version").fetchone()[0] > SCHEMA_VERSION:
            raise sqlite3.NotSupportedError("a newer version's ledger")
        db.execute("PRAGMA synchronous = NORMAL")
        put_samples(db, [sample])
    finally:
        db.close()
