"""Cache misses, and the daily token sums from which the cache's ratios are computed."""

import sqlite3
from typing import NamedTuple

from store.clauses import IS_FLOOR, PROMPT_TOKENS
from store.reads.filter import Filter


class MissRow(NamedTuple):
    """A cache miss with its task."""

    at: int
    session: str
    task_id: str
    title: str
    model: str
    kind: str
    cause: str
    source: str
    is_up_to: bool
    missed: int
    waste: int | None


class MissCause(NamedTuple):
    """Misses of one cause."""

    cause: str
    misses: int
    missed: int
    waste: int
    unpriced: int


_MISSES = (  # CROSS: from the misses, which are few, to their calls
    " FROM call_split CROSS JOIN call ON call.id = call_split.call_id JOIN task ON task.id = call_split.task_id"
    " JOIN session ON session.id = call_split.session_id WHERE call_split.cause IS NOT NULL AND {where}"
)


def miss_rows(db: sqlite3.Connection, chosen: Filter, limit: int) -> list[MissRow]:
    """The most expensive misses with their tasks."""
    where, values = chosen.of_calls()
    found = db.execute(
        "SELECT call.first_at, session.native_id, task.id, task.title, call.model, call_split.kind, cause,"
        " cause_source, is_up_to, missed, call_split.waste"
        f"{_MISSES.format(where=where)} ORDER BY call_split.waste DESC, missed DESC, call.id LIMIT ?",
        (*values, limit),
    )
    return [MissRow._make((*row[:8], bool(row[8]), *row[9:])) for row in found]


def miss_causes(db: sqlite3.Connection, chosen: Filter) -> list[MissCause]:
    """Misses by cause, most expensive first."""
    where, values = chosen.of_calls()
    found = db.execute(
        "SELECT cause, COUNT(*), SUM(missed), COALESCE(SUM(call_split.waste), 0), SUM(call_split.waste IS NULL)"
        f"{_MISSES.format(where=where)} GROUP BY cause ORDER BY 4 DESC, 2 DESC, 1",
        values,
    )
    return [MissCause(*row) for row in found]


class CacheDay(NamedTuple):
    """Token sums of one day, or of the whole period."""

    day: str
    calls: int
    read: int
    prompt: int
    survived: int
    expected: int
    written: int
    cold_starts: int
    rebuilds: int
    misses: int
    billed: int
    uncached: int
    waste: int
    unpriced: int  # calls, misses without a price among them
    unpriced_misses: int
    floor: int


def cache_days(db: sqlite3.Connection, chosen: Filter) -> list[CacheDay]:
    """Sums by day; `uncached` is the cost of the priced calls with every prompt token at the input rate."""
    where, values = chosen.of_calls()
    day = chosen.day_of("call.first_at")
    found = db.execute(
        f"SELECT {day}, COUNT(*), SUM(call.cache_read), SUM({PROMPT_TOKENS}), SUM(MIN(call.cache_read, expected_read)),"
        " SUM(expected_read), SUM(call.write_5m + call.write_1h), SUM(call_split.kind IS 'cold_start'),"
        " SUM(call_split.kind IS 'planned_rebuild'), SUM(call_split.cause IS NOT NULL),"
        " COALESCE(SUM(CASE WHEN price.id IS NOT NULL THEN cost END), 0),"
        f" COALESCE(SUM(CASE WHEN cost IS NOT NULL THEN {PROMPT_TOKENS} * price.input / 1000 + generation + other"
        " END), 0), COALESCE(SUM(waste), 0), SUM(cost IS NULL), SUM(call_split.cause IS NOT NULL AND waste IS NULL),"
        f" SUM({IS_FLOOR})"
        " FROM call JOIN call_split ON call_split.call_id = call.id JOIN session ON session.id = call.session_id"
        f" LEFT JOIN price ON price.id = call.price_id WHERE {where} GROUP BY 1 ORDER BY 1",
        values,
    )
    return [CacheDay(*row) for row in found]


def epoch_peaks(db: sqlite3.Connection, chosen: Filter) -> int:
    """Sum of each epoch's largest prompt: what cache writes would come to if everything were written once."""
    where, values = chosen.of_calls()
    row = db.execute(
        f"SELECT COALESCE(SUM(peak), 0) FROM (SELECT MAX({PROMPT_TOKENS}) AS peak FROM call"
        " JOIN call_split ON call_split.call_id = call.id"
        f" JOIN session ON session.id = call.session_id WHERE {where} GROUP BY call.chain_id, epoch)",
        values,
    ).fetchone()
    return int(row[0])


def day_peaks(db: sqlite3.Connection, chosen: Filter) -> dict[str, int]:
    """As `epoch_peaks`, by day; an epoch that spans days counts on each."""
    where, values = chosen.of_calls()
    found = db.execute(
        f"SELECT day, SUM(peak) FROM (SELECT {chosen.day_of('call.first_at')} AS day, MAX({PROMPT_TOKENS}) AS peak"
        " FROM call JOIN call_split ON call_split.call_id = call.id JOIN session ON session.id = call.session_id"
        f" WHERE {where} GROUP BY 1, call.chain_id, epoch) GROUP BY day",
        values,
    )
    return dict(found)
