"""The cost of calls as agents report it, compared with the ledger's: sums over a task."""

import sqlite3
from typing import NamedTuple

from store.reads.filter import Filter
from store.records import CallFlag, Price

_IN_TASK = "call.id IN (SELECT call_id FROM call_split WHERE task_id = ?)"
_BILLED = f"(call.flags & {int(CallFlag.REPORTED_COST)}) != 0"
_SUMS = f"""
    SELECT session.agent, COUNT(*), SUM(call.cost IS NULL), COALESCE(SUM(call.cost), 0),
           COALESCE(SUM(CASE WHEN chain.key = '' THEN call.cost END), 0),
           COALESCE(SUM({_BILLED}), 0),
           COALESCE(SUM(CASE WHEN {_BILLED} THEN call.cost END), 0),
           COALESCE(SUM(call.cost IS NOT NULL AND call.reported_cost IS NOT NULL AND NOT {_BILLED}), 0),
           COALESCE(SUM(CASE WHEN call.reported_cost IS NOT NULL AND NOT {_BILLED} THEN call.cost END), 0),
           COALESCE(SUM(CASE WHEN call.cost IS NOT NULL AND NOT {_BILLED} THEN call.reported_cost END), 0),
           SUM(call.cost IS NULL AND call.reported_cost IS NOT NULL),
           COALESCE(SUM(CASE WHEN call.cost IS NULL THEN call.reported_cost END), 0),
           MAX(CASE WHEN chain.key = '' THEN call.first_at END)
    FROM call JOIN session ON session.id = call.session_id JOIN chain ON chain.id = call.chain_id
"""
_LISTED = f"""
    SELECT session.agent, COUNT(*), SUM(call.cost), SUM(call.input), SUM(call.cache_read), SUM(call.write_5m),
           SUM(call.write_1h), SUM(call.output), SUM(call.web_searches), price.*
    FROM call JOIN session ON session.id = call.session_id JOIN price ON price.id = call.price_id WHERE {_BILLED}
"""


class ReportedSums(NamedTuple):
    """Calls of one agent in a task or session; costs in nano-dollars."""

    agent: str
    calls: int
    unpriced: int
    cost: int  # as shown
    main_cost: int  # the part of it without subagents and other chains beside the main one
    billed: int  # calls that are shown at the provider's own figure
    billed_cost: int
    compared: int  # calls that are shown at our price and have the agent's figure
    compared_cost: int
    compared_reported: int
    only_reported: int  # calls without a price of ours
    only_reported_cost: int
    last_at: int | None  # start of the latest call of the main chain

    @property
    def reported(self) -> int:
        """Calls with a cost given by the agent or the provider."""
        return self.billed + self.compared + self.only_reported


class BilledUsage(NamedTuple):
    """Usage shown at the provider's own figure, and the list price row that it also has."""

    agent: str
    calls: int
    billed_cost: int
    input: int
    cache_read: int
    write_5m: int
    write_1h: int
    output: int
    web_searches: int
    price: Price


class AgentTotal(NamedTuple):
    """The cost of whole sessions as the agent counts it: nano-dollars, and when it wrote that last.

    `copied`: cost of calls made in another session, whose history these sessions took over.
    """

    cost: int
    at: int | None
    copied: int


def reported_sums_of_task(db: sqlite3.Connection, task_id: str) -> list[ReportedSums]:
    """Sums over a task, one row an agent."""
    found = db.execute(f"{_SUMS} WHERE {_IN_TASK} GROUP BY session.agent ORDER BY session.agent", (task_id,))
    return [ReportedSums(*row) for row in found]


def billed_sums(db: sqlite3.Connection, chosen: Filter) -> tuple[int, int]:
    """Number and cost of the chosen calls that are shown at the provider's own figure."""
    where, values = chosen.of_calls()
    # Claude Code has none, and most of the calls.
    others = "call.session_id IN (SELECT id FROM session WHERE agent != 'claude-code')"
    found: tuple[int, int] = db.execute(
        "SELECT COUNT(*), COALESCE(SUM(call.cost), 0) FROM call JOIN session ON session.id = call.session_id"
        f" WHERE {others} AND {_BILLED} AND {where}",
        values,
    ).fetchone()
    return found


def billed_usage_of_task(db: sqlite3.Connection, task_id: str) -> list[BilledUsage]:
    """Billed calls of a task that have a list price, summed by agent and price row."""
    found = db.execute(f"{_LISTED} AND {_IN_TASK} GROUP BY session.agent, price.id", (task_id,))
    return [BilledUsage._make((*row[:9], Price(*row[9:]))) for row in found]


def agent_total_of_task(db: sqlite3.Connection, task_id: str, agent: str) -> AgentTotal | None:
    """An agent's totals for a task's sessions; None if a session has none, or also belongs to another task."""
    totals = db.execute(
        """
        SELECT total.cost, at, (SELECT COALESCE(SUM(cost), 0) FROM call WHERE session_id != session.id
                                AND id IN (SELECT call_id FROM sighting WHERE session_id = session.id)),
               EXISTS (SELECT 1 FROM task_part WHERE session_id = session.id AND task_id != :task)
        FROM session LEFT JOIN client_total AS total ON session_id = session.id AND source = 'history'
            AND position = (SELECT MAX(position) FROM client_total WHERE session_id = session.id AND source = 'history')
        WHERE session.id IN (SELECT session_id FROM task_part WHERE task_id = :task) AND agent = :agent
        """,
        {"task": task_id, "agent": agent},
    ).fetchall()
    if not totals or any(cost is None or is_shared for cost, _, _, is_shared in totals):
        return None
    times = [at for _, at, _, _ in totals if at is not None]
    return AgentTotal(sum(cost for cost, *_ in totals), min(times, default=None), sum(row[2] for row in totals))
