"""Calls with what their price depends on, and writing corrected prices back."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from store.clauses import IS_COUNTED, PROMPT_TOKENS
from store.records import CallFlag, Price

# What holds many prompts has none as large as their sum: Cline's sums of several requests (tracker.sources.cline.sums),
# and a call of several requests unless it pays the long-prompt price already.
_CALLS = f"""
    SELECT call.id, call.model, CASE WHEN session.agent != 'claude-code' THEN NULLIF(call.provider, 'unknown') END,
           call.first_at, call.input, call.cache_read, call.write_5m, call.write_1h, call.output, web_searches, speed,
           call.tier, geo, price_id, cost,
           CASE WHEN session.agent != 'claude-code' AND (chain.key LIKE 'subagents-%' OR chain.key LIKE 'deleted-%')
                     OR call.flags & {int(CallFlag.SEVERAL_REQUESTS)} AND COALESCE(price.tier, '') NOT LIKE 'long%'
           THEN 0 ELSE {PROMPT_TOKENS} END, call.flags
    FROM call JOIN session ON session.id = call.session_id JOIN chain ON chain.id = call.chain_id
    LEFT JOIN price ON price.id = price_id
    WHERE call.id > ? AND (call.flags & {int(CallFlag.REPORTED_COST)}) = 0 AND (cost IS NOT NULL OR {IS_COUNTED})
    ORDER BY call.id
"""
_LIST_PRICED_AFTER = "list_priced_after"


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
    prompt: int  # what decides a long-prompt price
    flags: int


def priced_calls(db: sqlite3.Connection, after: int = 0) -> Iterator[PricedCall]:
    """Every call that is shown at a list price, or could be, in order of id; of those added after one, with its id.

    What a provider billed is no price, and a call whose usage nobody wrote down is not one of no tokens.
    """
    for row in db.execute(_CALLS, (after,)):
        yield PricedCall(*row)


def has_user_prices(db: sqlite3.Connection) -> bool:
    """Whether the user's own prices were ever applied to a call."""
    return bool(db.execute("SELECT EXISTS (SELECT 1 FROM price WHERE id LIKE 'user:%')").fetchone()[0])


def list_priced_after(db: sqlite3.Connection) -> int | None:
    """The id of the last call before the user's own prices could not be read; None where they could all the time."""
    row = db.execute("SELECT value FROM meta WHERE key = ?", (_LIST_PRICED_AFTER,)).fetchone()
    return None if row is None else int(row[0])


def note_list_prices(db: sqlite3.Connection) -> None:
    """Remember that calls added from now on have no price of the user's own, until `forget_list_prices`."""
    if list_priced_after(db) is None:
        db.execute(
            "INSERT OR IGNORE INTO meta SELECT ?, CAST(COALESCE(MAX(id), 0) AS TEXT) FROM call", (_LIST_PRICED_AFTER,)
        )


def forget_list_prices(db: sqlite3.Connection) -> None:
    """Every call has the price that the user's own prices give it."""
    db.execute("DELETE FROM meta WHERE key = ?", (_LIST_PRICED_AFTER,))


def put_prices(db: sqlite3.Connection, prices: Iterable[Price]) -> None:
    """Store resolved price rows."""
    marks = ", ".join("?" * len(Price.__struct_fields__))
    db.executemany(f"INSERT OR REPLACE INTO price VALUES ({marks})", map(msgspec.structs.astuple, prices))


def apply_prices(
    db: sqlite3.Connection, prices: Iterable[Price], changes: Sequence[tuple[str | None, int, int]]
) -> None:
    """Store price rows and set (price id, cost, call id) of calls; their sessions become stale."""
    put_prices(db, prices)
    db.executemany("UPDATE call SET price_id = ?, cost = ? WHERE id = ?", changes)
    db.executemany(
        "UPDATE session SET spend_stale = 1, model_stale = 1 WHERE id = (SELECT session_id FROM call WHERE id = ?)",
        [(change[2],) for change in changes],
    )
