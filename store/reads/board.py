"""Queries that only the dashboard needs: active sessions, their latest calls and tool uses, plan windows."""

import sqlite3
from typing import NamedTuple

from store.clauses import IS_FLOOR, IS_HEADLESS, LATEST_SESSION_FIRST, SESSION_LAST_AT, SESSION_TITLE
from store.reads.chains import AGENT_TYPE, named_chains
from store.task_rows import LimitSample


class RecentCall(NamedTuple):
    """A call of any chain of a session; times in epoch milliseconds, cost in nano-dollars."""

    chain: str
    agent_type: str | None
    requested_at: int | None
    first_at: int
    last_at: int
    model: str
    input: int
    cache_read: int
    written: int
    output: int
    flags: int
    cost: int | None
    cause: str | None  # why it missed the cache, if it did
    tool: str | None  # the first tool that it asked for
    target: str | None


def recent_calls(db: sqlite3.Connection, session_id: int, limit: int) -> list[RecentCall]:
    """The latest calls of a session, latest first."""
    found = db.execute(
        "WITH latest AS (SELECT * FROM call WHERE session_id = ?1 ORDER BY last_at DESC, id DESC LIMIT ?2)"
        f" SELECT chain.key, {AGENT_TYPE}, requested_at, latest.first_at, latest.last_at, model, input,"
        " cache_read, write_5m + write_1h, output, latest.flags, cost, cause, tool_use.name, tool_use.target"
        f" FROM latest JOIN chain ON chain.id = latest.chain_id {named_chains('session_id = ?1')}"
        " LEFT JOIN call_split ON call_split.call_id = latest.id"
        " LEFT JOIN tool_use ON tool_use.session_id = latest.session_id AND tool_use.id ="
        " (SELECT id FROM tool_use AS asked WHERE asked.session_id = latest.session_id"
        " AND asked.message_id = latest.message_id ORDER BY asked.position, asked.id LIMIT 1)"
        " ORDER BY latest.last_at DESC, latest.id DESC",
        (session_id, limit),
    )
    return [RecentCall(*row) for row in found]


class CallCost(NamedTuple):
    """When a call ended and what it cost in nano-dollars, None without a price; a floor: at least that."""

    at: int
    cost: int | None
    is_floor: bool = False


def costs_between(db: sqlite3.Connection, session_id: int, since: int, until: int) -> list[CallCost]:
    """A session's calls that ended between these times (epoch ms), oldest first."""
    found = db.execute(
        f"SELECT last_at, cost, {IS_FLOOR} FROM call WHERE session_id = ? AND last_at BETWEEN ? AND ? ORDER BY last_at",
        (session_id, since, until),
    )
    return [CallCost(*row) for row in found]


_SUMS = ", ".join(
    f"(SELECT COALESCE(SUM({name}), 0) FROM spend WHERE session_id = session.id)"
    for name in ("cost", "calls", "unpriced", "floor")
)


class SessionSum(NamedTuple):
    """A session with what it cost."""

    id: int
    native_id: str
    agent: str
    project: str | None
    title: str | None
    started_at: int
    last_at: int
    is_headless: bool
    is_left: bool  # its client wrote its total, as it does on leaving, and no prompt came after that
    cost: int
    calls: int
    unpriced: int
    floor: int


_IS_LEFT = (
    "COALESCE((SELECT MAX(at) FROM client_total WHERE session_id = session.id AND source = 'cost-state')"
    " >= (SELECT MAX(at) FROM turn WHERE session_id = session.id), 0)"
)
_WITH_CALLS_SINCE = f"{SESSION_LAST_AT} >= :since AND EXISTS (SELECT 1 FROM call WHERE session_id = session.id)"


def count_sessions(db: sqlite3.Connection, since: int, *, now: int) -> int:
    """The number of sessions with calls and a record at or after `since`."""
    found = db.execute(f"SELECT COUNT(*) FROM session WHERE {_WITH_CALLS_SINCE}", {"since": since, "now": now})
    return int(found.fetchone()[0])


def latest_sessions(db: sqlite3.Connection, since: int, limit: int, *, now: int, first: str = "") -> list[SessionSum]:
    """Sessions with calls and a record at or after `since`, latest first, after the one with the native id `first`."""
    found = db.execute(
        f"WITH chosen AS (SELECT * FROM session WHERE {_WITH_CALLS_SINCE}"
        f" ORDER BY native_id = :first DESC, {LATEST_SESSION_FIRST} LIMIT :limit)"
        f" SELECT id, native_id, agent, project, {SESSION_TITLE}, COALESCE(own_start_at, first_at), last_at,"
        f" {IS_HEADLESS}, {_IS_LEFT}, {_SUMS}"
        f" FROM chosen AS session ORDER BY native_id = :first DESC, {LATEST_SESSION_FIRST}",
        {"since": since, "now": now, "first": first, "limit": limit},
    )
    return [SessionSum(*row) for row in found]


def latest_limits(db: sqlite3.Connection, since: int, until: int) -> dict[str, LimitSample]:
    """The latest reading of each window (five_hour, seven_day) between these times (epoch ms)."""
    found = db.execute(
        "SELECT kind, MAX(at), used_percent, resets_at FROM limit_sample WHERE at BETWEEN ? AND ?"
        " GROUP BY kind ORDER BY kind",
        (since, until),
    )
    return {kind: LimitSample(*reading) for kind, *reading in found}
