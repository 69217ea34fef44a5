"""The ledger's calls that the provider's own reports could contain, by UTC day and model."""

import sqlite3
from typing import NamedTuple

from store.clauses import IS_FLOOR, utc_day
from store.reads.client_totals import LAST_WORDS


class ReportableRow(NamedTuple):
    """Sums of one UTC day, model and kind of billing; money in nano-dollars."""

    day: str
    model: str
    is_plan: int
    calls: int
    input: int
    cache_read: int
    write_5m: int
    write_1h: int
    output: int
    web_searches: int
    cost: int
    unpriced: int
    floor: int
    web_cost: int


def reportable_rows(db: sqlite3.Connection, first_day: str, last_day: str) -> list[ReportableRow]:
    """Calls to the provider itself between two UTC days; resellers bill theirs elsewhere."""
    found = db.execute(
        f"SELECT {utc_day('call.first_at')}, call.model, session.billing = 'plan', COUNT(*),"
        " SUM(call.input), SUM(call.cache_read), SUM(call.write_5m), SUM(call.write_1h), SUM(call.output),"
        " SUM(call.web_searches), COALESCE(SUM(call.cost), 0), SUM(call.cost IS NULL),"
        f" SUM({IS_FLOOR}), COALESCE(SUM(call.web_searches * price.web_search), 0)"
        " FROM call JOIN session ON session.id = call.session_id LEFT JOIN price ON price.id = call.price_id"
        " WHERE call.provider = 'anthropic' AND call.first_at >= strftime('%s', ?) * 1000"
        " AND call.first_at < (strftime('%s', ?) + 86400) * 1000 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        (first_day, last_day),
    )
    return [ReportableRow._make(row) for row in found]


def session_days(db: sqlite3.Connection, first_day: str, last_day: str) -> list[tuple[int, str]]:
    """(session, UTC day) of every session with calls or a client total between two UTC days."""
    return db.execute(
        "SELECT session_id, day_utc FROM spend WHERE day_utc BETWEEN :first AND :last UNION"
        f" SELECT session_id, {utc_day('COALESCE(at, started_at)')} AS day FROM ({LAST_WORDS})"
        " WHERE day BETWEEN :first AND :last",
        {"first": first_day, "last": last_day},
    ).fetchall()
