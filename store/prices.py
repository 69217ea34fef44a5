"""Reads calls with what their price depends on, and writes corrected prices back."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import NamedTuple
from zlib import crc32

import msgspec

from store.clauses import IN_LIST, IS_COUNTED, PROMPT_TOKENS, exists, json_list
from store.meta import meta_value
from store.records import CallFlag, Price

# What holds many prompts has none as large as their sum: Cline's sums of several requests (tracker.sources.cline.sums),
# and a call of several requests without its parts, unless it pays the long-prompt price already.
_CALLS = f"""
    SELECT call.id, call.model, CASE WHEN session.agent != 'claude-code' THEN NULLIF(call.provider, 'unknown') END,
           MIN(call.first_at, COALESCE((SELECT MIN(first_at) FROM sighting WHERE call_id = call.id), call.first_at)),
           call.input, call.cache_read, call.write_5m, call.write_1h, call.output, web_searches, speed,
           call.tier, geo, price_id, cost,
           CASE WHEN session.agent != 'claude-code' AND (chain.key LIKE 'subagents-%' OR chain.key LIKE 'deleted-%')
                     OR call.flags & {int(CallFlag.SEVERAL_REQUESTS)} AND COALESCE(price.tier, '') NOT LIKE 'long%'
           THEN 0 ELSE {PROMPT_TOKENS} END, call.flags, parts
    FROM call JOIN session ON session.id = call.session_id JOIN chain ON chain.id = call.chain_id
    LEFT JOIN price ON price.id = price_id
    WHERE call.id {{chosen}} AND (call.flags & {int(CallFlag.REPORTED_COST)}) = 0 AND (cost IS NOT NULL OR {IS_COUNTED})
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
    parts: str | None  # as Call.parts


# What the price tables say that a call costs, with the row; None where they know no price of its model.
ListPrice = Callable[[PricedCall], tuple[Price, int] | None]


def priced_calls(db: sqlite3.Connection, ids: Sequence[int] | None = None, *, after: int = 0) -> Iterator[PricedCall]:
    """Calls that are or could be shown at a list price, by id: those of `ids`, or all with an id above `after`.

    Leaves out calls at the provider's own figure and calls whose usage was not recorded.
    """
    chosen = "> ?" if ids is None else IN_LIST
    for row in db.execute(_CALLS.format(chosen=chosen), (after if ids is None else json_list(ids),)):
        yield PricedCall(*row)


def ids_without_own_list(db: sqlite3.Connection) -> list[int]:
    """Ids of calls without a price from our own list: with none, or one from the package of other providers' prices."""
    return [
        call for (call,) in db.execute("SELECT id FROM call WHERE price_id IS NULL OR price_id LIKE 'genai-prices%'")
    ]


def stored_prices(db: sqlite3.Connection) -> list[Price]:
    """Every resolved price row."""
    return [Price(*row) for row in db.execute("SELECT * FROM price")]


def has_user_prices(db: sqlite3.Connection) -> bool:
    """Whether the user's own prices were ever applied to a call."""
    return exists(db, "SELECT 1 FROM price WHERE id LIKE 'user:%'")


def list_priced_after(db: sqlite3.Connection) -> int | None:
    """The id of the last call before the user's own prices became unreadable; None while they are readable."""
    after = meta_value(db, _LIST_PRICED_AFTER)
    return None if after is None else int(after)


def note_list_prices(db: sqlite3.Connection) -> None:
    """Record that calls added from now on are priced without the user's own prices, until `forget_list_prices`."""
    if list_priced_after(db) is None:
        db.execute(
            "INSERT OR IGNORE INTO meta SELECT ?, CAST(COALESCE(MAX(id), 0) AS TEXT) FROM call", (_LIST_PRICED_AFTER,)
        )


def forget_list_prices(db: sqlite3.Connection) -> None:
    """Record that every call is priced with the user's own prices again."""
    db.execute("DELETE FROM meta WHERE key = ?", (_LIST_PRICED_AFTER,))


def put_prices(db: sqlite3.Connection, prices: Iterable[Price]) -> None:
    """Store resolved price rows."""
    marks = ", ".join("?" * len(Price.__struct_fields__))
    db.executemany(f"INSERT OR REPLACE INTO price VALUES ({marks})", map(msgspec.structs.astuple, prices))


def add_prices(db: sqlite3.Connection, prices: Iterable[Price]) -> None:
    """Store price rows; calls priced by an earlier row of the same id keep that one, under another id."""
    for price in prices:
        row = db.execute("SELECT * FROM price WHERE id = ?", (price.id,)).fetchone()
        if row is not None and _RATES_OF(row) != _RATES_OF(msgspec.structs.astuple(price)):
            kept = f"{price.id}#{crc32(repr(_RATES_OF(row)).encode()):08x}"
            put_prices(db, [Price(kept, *row[1:])])
            db.execute("UPDATE call SET price_id = ? WHERE price_id = ?", (kept, price.id))
        put_prices(db, [price])


def apply_prices(db: sqlite3.Connection, changes: Sequence[tuple[str, int, int]]) -> None:
    """Set (id of a stored price, cost, call id) of calls; their sessions become stale.

    Claude Code does not record the provider, so it is taken from the price.
    """
    db.executemany(
        """
        UPDATE call SET price_id = ?1, cost = ?2, provider = CASE
            WHEN (SELECT agent FROM session WHERE session.id = call.session_id) = 'claude-code'
            THEN (SELECT provider FROM price WHERE id = ?1) ELSE provider END WHERE id = ?3
        """,
        changes,
    )
    db.execute(
        "UPDATE session SET spend_stale = 1, model_stale = 1"
        f" WHERE id IN (SELECT session_id FROM call WHERE id {IN_LIST})",
        (json_list(call for _, _, call in changes),),
    )


_RATES_OF = itemgetter(
    *map(Price.__struct_fields__.index, ("input", "output", "write_5m", "write_1h", "cache_read", "web_search"))
)
