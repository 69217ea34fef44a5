"""Calls with what their price depends on, and writing corrected prices back."""

import sqlite3
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from store.records import Price


class PricedCall(NamedTuple):
    """A call as the price table sees it."""

    id: int
    model: str
    asked_provider: str | None
    first_at: int
    input: int
    cache_read: int
    write_5m: int
    write_1h: int
    output: int
    web_searches: int
    speed: str | None
    tier: str | None
    geo: str | None
    price_id: str | None
    cost: int | None


def priced_calls(db: sqlite3.Connection) -> Iterator[PricedCall]:
    """Every call that has token counts, in order of id. Calls of mixed long-prompt tiers keep their own sum."""
    rows = db.execute(
        "SELECT call.id, call.model, CASE WHEN session.agent = 'claude-code' THEN NULL ELSE call.provider END,"
        " call.first_at, input, cache_read, write_5m, write_1h, output, web_searches, speed, tier, geo, price_id, cost"
        " FROM call JOIN session ON session.id = call.session_id ORDER BY call.id"
    )
    for row in rows:
        yield PricedCall(*row)


def apply_prices(
    db: sqlite3.Connection, prices: Sequence[Price], changes: Sequence[tuple[str | None, int, int]]
) -> None:
    """Store price rows and set (price id, cost, call id) of calls; their sessions become stale."""
    marks = ", ".join("?" * len(Price.__struct_fields__))
    db.executemany(f"INSERT OR REPLACE INTO price VALUES ({marks})", [msgspec.structs.astuple(one) for one in prices])
    db.executemany("UPDATE call SET price_id = ?, cost = ? WHERE id = ?", changes)
    db.executemany(
        "UPDATE session SET spend_stale = 1, model_stale = 1 WHERE id = (SELECT session_id FROM call WHERE id = ?)",
        [(change[2],) for change in changes],
    )
