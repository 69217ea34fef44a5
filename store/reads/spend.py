"""Sums of spend, read from the table that store.spend maintains."""

import sqlite3
from typing import NamedTuple

from store.clauses import BRANCH_OF_CALL, CALLS_AND_PROMPTS, IS_COUNTED, IS_FLOOR
from store.reads.chains import AGENT_TYPE, named_chains
from store.reads.filter import EVERYTHING, Filter

_SUMS = (  # in the order of SpendRow
    "SUM(calls), COUNT(DISTINCT spend.session_id), SUM(input), SUM(cache_read), SUM(write_5m), SUM(write_1h),"
    " SUM(output), SUM(web_searches), SUM(cost), SUM(unpriced), SUM(floor)"
)

MAIN_CONVERSATION = "main"

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

_CALL_SUMS = (  # the same over `call`
    "COUNT(*), COUNT(DISTINCT call.session_id), SUM(input), SUM(cache_read), SUM(write_5m), SUM(write_1h),"
    f" SUM(output), SUM(web_searches), COALESCE(SUM(cost), 0), SUM(cost IS NULL), SUM({IS_FLOOR})"
)

_BRANCHES = f"""
    SELECT COALESCE(session.project, '(unknown)'), {BRANCH_OF_CALL}, {_CALL_SUMS} FROM {CALLS_AND_PROMPTS}
    WHERE {{where}} GROUP BY 1, 2 ORDER BY 11 DESC, 2, 1
"""

_SUBAGENTS = f"""
    SELECT CASE WHEN chain.kind = 'main' THEN '{MAIN_CONVERSATION}' ELSE COALESCE({AGENT_TYPE}, '(unknown)') END,
        {_CALL_SUMS}
    FROM call JOIN session ON session.id = call.session_id JOIN chain ON chain.id = call.chain_id {named_chains()}
    WHERE {{where}} GROUP BY 1 ORDER BY 10 DESC, 1
"""


class SpendRow(NamedTuple):
    """Sums under one key; tokens are counts, cost is in nano-dollars over the priced calls."""

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


NO_SPEND = SpendRow("total", *[0] * (len(SpendRow._fields) - 1))


def spend_rows(db: sqlite3.Connection, by: str, chosen: Filter) -> list[SpendRow]:
    """Sums of the chosen part by a key of KEYS: days ascending, other keys by cost."""
    where, values = chosen.of_spend()
    key = KEYS[by].format(day=chosen.spend_day)
    order = "1" if by in ("day", "week", "month") else "10 DESC, 1"
    found = db.execute(
        f"SELECT {key}, {_SUMS} FROM {chosen.spend} JOIN session ON session.id = spend.session_id"
        f" WHERE {where} GROUP BY 1 ORDER BY {order}",
        values,
    )
    return [SpendRow(str(key), *sums) for key, *sums in found]


def branch_rows(db: sqlite3.Connection, chosen: Filter) -> list[tuple[str, SpendRow]]:
    """(Project, sums under the branch) of the chosen part, most expensive first; needs derived tasks."""
    where, values = chosen.of_calls()
    return [(project, SpendRow(*row)) for project, *row in db.execute(_BRANCHES.format(where=where), values)]


def subagent_rows(db: sqlite3.Connection, chosen: Filter) -> list[SpendRow]:
    """Sums of the main conversations and of each type of subagent, by cost; "(unknown)" where no type is recorded."""
    where, values = chosen.of_calls()
    return [SpendRow(*row) for row in db.execute(_SUBAGENTS.format(where=where), values)]


def spend_total(db: sqlite3.Connection, chosen: Filter) -> SpendRow:
    """Sums of the whole chosen part, under the key "total"."""
    where, values = chosen.of_spend()
    sums = db.execute(
        f"SELECT {_SUMS} FROM {chosen.spend} JOIN session ON session.id = spend.session_id WHERE {where}",
        values,
    ).fetchone()
    return SpendRow("total", *(value or 0 for value in sums))  # a sum over no rows is NULL


def unpriced_models(db: sqlite3.Connection, chosen: Filter) -> list[str]:
    """Models in the chosen part with calls that have no price."""
    where, values = chosen.of_spend()
    found = db.execute(
        f"SELECT DISTINCT spend.model FROM {chosen.spend} JOIN session ON session.id = spend.session_id"
        f" WHERE unpriced > 0 AND {where} ORDER BY 1",
        values,
    )
    return [row[0] for row in found]


class Totals(NamedTuple):
    """Counts over the ledger; the days are local ISO days, None without calls."""

    calls: int
    sessions: int
    unpriced_calls: int
    unpriced_models: list[str]
    first_day: str | None
    last_day: str | None


def totals(db: sqlite3.Connection) -> Totals:
    """Counts over the whole ledger."""
    calls, sessions, unpriced, *days = db.execute(
        "SELECT COALESCE(SUM(calls), 0), COUNT(DISTINCT session_id), COALESCE(SUM(unpriced), 0), MIN(day), MAX(day)"
        " FROM spend"
    ).fetchone()
    return Totals(calls, sessions, unpriced, unpriced_models(db, EVERYTHING), *days)


def uncounted_models(db: sqlite3.Connection) -> set[str]:
    """Models whose unpriced calls all lack token counts: a price would not help them."""
    found = db.execute(f"SELECT model FROM call WHERE cost IS NULL GROUP BY model HAVING NOT MAX({IS_COUNTED})")
    return {row[0] for row in found}


def recorded_models(db: sqlite3.Connection) -> list[str]:
    """The ids of all models that were called, in order."""
    return [row[0] for row in db.execute("SELECT DISTINCT model FROM spend ORDER BY model")]
