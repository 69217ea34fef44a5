"""Maintains sums by session, day and model, so that reports take the same time however long the history is."""

import os
import sqlite3
import time

from store.clauses import IS_FLOOR, exists, local_day, utc_day
from store.keyless import join_keyless_calls
from store.ledger import transaction
from store.merge import settle_unmarked_copies
from store.meta import meta_value, set_meta_value

_REBUILD = f"""
    INSERT INTO spend
    SELECT session_id, {local_day("first_at")}, {utc_day("first_at")}, model,
           COUNT(*), SUM(input), SUM(cache_read), SUM(write_5m), SUM(write_1h), SUM(output), SUM(web_searches),
           COALESCE(SUM(cost), 0), SUM(cost IS NULL), SUM({IS_FLOOR})
    FROM call WHERE session_id IN (SELECT id FROM session WHERE spend_stale)
    GROUP BY 1, 2, 3, 4
"""


def local_zone() -> str:
    """A name for the zone of local days; when it changes, every stored day is stale."""
    link = os.path.realpath("/etc/localtime")
    return f"{os.environ.get('TZ', '')}|{link}|{'/'.join(time.tzname)}"


def refresh_spend(db: sqlite3.Connection) -> int:
    """Recompute the sums of sessions whose calls changed; of all sessions after a change of time zone.

    Returns the change in the number of calls, by those that are found to be the same.
    """
    zone = local_zone()
    moved = meta_value(db, "zone") != zone
    if not moved and not exists(db, "SELECT 1 FROM session WHERE spend_stale"):
        return 0
    with transaction(db):
        if moved:
            if hasattr(time, "tzset"):  # Windows asks for the zone each time
                time.tzset()
            set_meta_value(db, "zone", zone)
            db.execute("UPDATE session SET spend_stale = 1")
        return sum_up_changed(db)


def sum_up_changed(db: sqlite3.Connection) -> int:
    """`refresh_spend` inside the open transaction."""
    settle_unmarked_copies(db)
    change = join_keyless_calls(db)
    db.execute("DELETE FROM spend WHERE session_id IN (SELECT id FROM session WHERE spend_stale)")
    db.execute(_REBUILD)
    db.execute("UPDATE session SET spend_stale = 0 WHERE spend_stale")
    return change
