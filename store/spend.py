"""Sums by session, day and model, kept beside the calls: reports read these and take the same time for any history."""

import os
import sqlite3
import time
from typing import Any, NamedTuple

from store.clauses import IS_FLOOR, local_day, utc_day
from store.filter import Filter
from store.ledger import transaction
from store.merge import settle_unmarked_copies

_REBUILD = f"""
    INSERT INTO spend
    SELECT session_id, {local_day("first_at")}, {utc_day("first_at")}, model,
           COUNT(*), SUM(input), SUM(cache_read), SUM(write_5m), SUM(write_1h), SUM(output), SUM(web_searches),
           COALESCE(SUM(cost), 0), SUM(cost IS NULL), SUM({IS_FLOOR})
    FROM call WHERE session_id IN (SELECT id FROM session WHERE spend_stale)
    GROUP BY 1, 2, 3, 4
"""


def local_zone() -> str:
    """A name for the zone that local days are cut in; a change of it makes every stored day stale."""
    link = os.path.realpath("/etc/localtime")
    return f"{os.environ.get('TZ', '')}|{link}|{'/'.join(time.tzname)}"


def refresh_spend(db: sqlite3.Connection) -> None:
    """Recompute the sums of the sessions whose calls changed; of all after a change of time zone."""
    zone = local_zone()
    row = db.execute("SELECT value FROM meta WHERE key = 'zone'").fetchone()
    moved = row is None or row[0] != zone
    if not moved and not db.execute("SELECT EXISTS (SELECT 1 FROM session WHERE spend_stale)").fetchone()[0]:
        return
    with transaction(db):
        if moved:
            time.tzset()
            db.execute("INSERT OR REPLACE INTO meta VALUES ('zone', ?)", (zone,))
            db.execute("UPDATE session SET spend_stale = 1")
        sum_up_changed(db)


def sum_up_changed(db: sqlite3.Connection) -> None:
    """Recompute the sums of the sessions whose calls changed, inside the open transaction."""
    settle_unmarked_copies(db)
    db.execute("DELETE FROM spend WHERE session_id IN (SELECT id FROM session WHERE spend_stale)")
    db.execute(_REBUILD)
    db.execute("UPDATE session SET spend_stale = 0 WHERE spend_stale")


_SUMS = (  # in the order of SpendRow
    "SUM(calls), COUNT(DISTINCT spend.session_id), SUM(input), SUM(cache_read), SUM(write_5m), SUM(write_1h),"
    " SUM(output), SUM(web_searches), SUM(cost), SUM(unpriced), SUM(floor)"
)

KEYS = {
    "day": "{day}",
    # ISO 8601: a week belongs to the year of its Thursday.
    "week": (
        "strftime('%Y', {day}, '-3 days', 'weekday 4') || printf('-W%02d',"
        " (strftime('%j', {day}, '-3 days', 'weekday 4') - 1) / 7 + 1)"
    ),
    "month": "substr({day}, 1, 7)",
    "model": "spend.model",
    "project": "COALESCE(session.project, '(unknown)')",
    "session": "session.native_id",
    "agent": "session.agent",
}


class SpendRow(NamedTuple):
    """Sums under one key; tokens in counts, cost in nano-dollars over the priced calls."""

    key: str
    calls: int
    sessions: int
    input: int
    cache_read: int
    write_5m: int
    write_1h: int
    output: int
    web_searches: int
    cost: int
    unpriced: int
    floor: int


def spend_rows(db: sqlite3.Connection, by: str, chosen: Filter) -> list[SpendRow]:
    """Sums of the chosen part `by` a key of KEYS. Days ascend, others by cost."""
    where, values = chosen.of_spend()
    key = KEYS[by].format(day=chosen.spend_day)
    order = "1" if by in ("day", "week", "month") else "10 DESC, 1"
    found = db.execute(
        f"SELECT {key}, {_SUMS} FROM spend JOIN session ON session.id = spend.session_id"
        f" WHERE {where} GROUP BY 1 ORDER BY {order}",
        values,
    )
    return [_row(str(row[0]), row[1:]) for row in found]


def spend_total(db: sqlite3.Connection, chosen: Filter) -> SpendRow:
    """Sums of the whole chosen part, under the key "total"."""
    where, values = chosen.of_spend()
    sums = db.execute(
        f"SELECT {_SUMS} FROM spend JOIN session ON session.id = spend.session_id WHERE {where}",
        values,
    ).fetchone()
    return _row("total", sums)


def _row(key: str, sums: tuple[Any, ...]) -> SpendRow:
    return SpendRow(key, *(value or 0 for value in sums))  # a sum over no rows is NULL


def unpriced_models(db: sqlite3.Connection, chosen: Filter) -> list[str]:
    """Models of the chosen part that have calls without a price."""
    where, values = chosen.of_spend()
    found = db.execute(
        "SELECT DISTINCT spend.model FROM spend JOIN session ON session.id = spend.session_id"
        f" WHERE unpriced > 0 AND {where} ORDER BY 1",
        values,
    )
    return [row[0] for row in found]
