"""What agents say their calls cost, beside what the ledger shows: sums over a task or over a session."""

import sqlite3
from typing import NamedTuple

from store.records import CallFlag

_OWN_TOTAL = "history"
_IN_TASK = "call.id IN (SELECT call_id FROM call_split WHERE task_id = ?)"
_IN_SESSION = "call.session_id = ?"
_SUMS = f"""
    SELECT session.agent, COUNT(*), SUM(call.cost IS NULL), COALESCE(SUM(call.cost), 0),
           COALESCE(SUM(CASE WHEN chain.key = '' THEN call.cost END), 0),
           COALESCE(SUM((call.flags & {int(CallFlag.REPORTED_COST)}) != 0), 0),
           SUM(call.cost IS NOT NULL AND call.reported_cost IS NOT NULL),
           COALESCE(SUM(CASE WHEN call.reported_cost IS NOT NULL THEN call.cost END), 0),
           COALESCE(SUM(CASE WHEN call.cost IS NOT NULL THEN call.reported_cost END), 0),
           SUM(call.cost IS NULL AND call.reported_cost IS NOT NULL),
           COALESCE(SUM(CASE WHEN call.cost IS NULL THEN call.reported_cost END), 0),
           MAX(CASE WHEN chain.key = '' THEN call.first_at END)
    FROM call JOIN session ON session.id = call.session_id JOIN chain ON chain.id = call.chain_id
"""


class ReportedSums(NamedTuple):
    """Calls of one agent in a task or session; costs in nano-dollars."""

    agent: str
    calls: int
    unpriced: int
    cost: int  # as shown
    main_cost: int  # the part of it without subagents and other chains beside the main one
    billed_by_provider: int  # calls that are shown at the provider's own figure
    compared: int  # calls that have both figures
    compared_cost: int
    compared_reported: int
    only_reported: int  # calls without a price of ours
    only_reported_cost: int
    last_at: int | None  # start of the latest call of the main chain


class OwnTotal(NamedTuple):
    """What an agent says its sessions cost as a whole: nano-dollars, and when it said so last."""

    cost: int
    at: int | None


def reported_sums_of_task(db: sqlite3.Connection, task_id: str) -> list[ReportedSums]:
    """Sums over a task, a row an agent."""
    return _sums(db, _IN_TASK, task_id)


def reported_sums_of_session(db: sqlite3.Connection, session_id: int) -> list[ReportedSums]:
    """Sums over a session: one row, none if it has no calls."""
    return _sums(db, _IN_SESSION, session_id)


def own_total_of_task(db: sqlite3.Connection, task_id: str, agent: str) -> OwnTotal | None:
    """An agent's totals of the sessions of a task; None if one has none, or belongs to another task too."""
    sessions = [
        row[0]
        for row in db.execute(
            "SELECT DISTINCT task_part.session_id FROM task_part JOIN session ON session.id = task_part.session_id"
            " WHERE task_id = ? AND agent = ?",
            (task_id, agent),
        )
    ]
    totals = [own_total_of_session(db, one) for one in sessions]
    known = [total for total in totals if total is not None]
    if not known or len(known) < len(totals) or not all(_is_whole(db, one, task_id) for one in sessions):
        return None
    times = [total.at for total in known]
    return OwnTotal(sum(total.cost for total in known), min((at for at in times if at is not None), default=None))


def own_total_of_session(db: sqlite3.Connection, session_id: int) -> OwnTotal | None:
    """The latest total that the agent wrote of a session beside its calls."""
    row = db.execute(
        "SELECT cost, at FROM client_total WHERE session_id = ? AND source = ? ORDER BY position DESC LIMIT 1",
        (session_id, _OWN_TOTAL),
    ).fetchone()
    return OwnTotal(*row) if row else None


def _is_whole(db: sqlite3.Connection, session_id: int, task_id: str) -> bool:
    found = db.execute("SELECT 1 FROM task_part WHERE session_id = ? AND task_id != ?", (session_id, task_id))
    return found.fetchone() is None


def _sums(db: sqlite3.Connection, where: str, value: str | int) -> list[ReportedSums]:
    found = db.execute(f"{_SUMS} WHERE {where} GROUP BY session.agent ORDER BY session.agent", (value,))
    return [ReportedSums(*row) for row in found]
