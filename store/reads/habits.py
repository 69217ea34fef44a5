"""Rows from which the user's habits are measured.

Sessions started by programs (store.reads.program_runs) say nothing about the user's habits and are left out.
"""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from store.clauses import IN_LIST, PROMPT_TOKENS, json_list, local_day
from store.reads.program_runs import program_sessions
from store.records import EventKind, ToolFlag

_READ, _EDIT = int(ToolFlag.READ), int(ToolFlag.EDIT)
# A spend row of the person's own work with an agent; takes the parameters of `_own_work`.
_OWN_WORK = f"agent = ? AND session.id NOT {IN_LIST}"


class HabitCall(NamedTuple):
    """A call with its derived figures; ordered by chain, then by position."""

    session_id: int
    chain_id: int
    chain: str
    position: int
    requested_at: int | None
    first_at: int
    last_at: int
    model: str
    input: int
    cache_read: int
    write_5m: int
    write_1h: int
    context: int  # the whole prompt, tokens
    output: int
    flags: int
    price_id: str | None
    cost: int | None
    epoch: int
    expected_read: int
    missed: int
    kind: str | None
    ttl_ms: int | None


class HabitTurn(NamedTuple):
    """A turn's sums; ordered by session, then by position."""

    session_id: int
    at: int
    ended_at: int
    main_calls: int
    calls: int
    output: int
    cost: int
    context_end: int | None
    has_edits: bool


class Compaction(NamedTuple):
    """A compaction of a main chain; `tokens_before` as the client recorded it."""

    session_id: int
    agent: str
    session: str  # the agent's own id of it
    position: int
    detail: str | None  # auto: the client made it by itself
    tokens_before: int | None


class FileUse(NamedTuple):
    """A file that was read, searched or changed, and the length of the tool's result."""

    session_id: int
    position: int
    message_id: str | None
    target: str
    result_chars: int
    is_edit: bool


class CallsOfPrice(NamedTuple):
    """Token sums over the calls priced by one price row."""

    price_id: str | None
    cold: int
    sent: int  # what was not read from the cache
    cache_read: int
    output: int


def agents_on_record(db: sqlite3.Connection) -> list[str]:
    """Agents with a call in the ledger."""
    return [row[0] for row in db.execute("SELECT DISTINCT agent FROM spend JOIN session ON session.id = session_id")]


def recent_sessions(db: sqlite3.Connection, agent: str, max_calls: int, before: int | None = None) -> dict[int, int]:
    """The latest sessions of an agent with their end times, up to `max_calls` calls in all (at least one session).

    With `before` (epoch ms), only sessions that had ended by then.
    """
    rows = db.execute(
        "SELECT id, last_at FROM (SELECT session.id, last_at, SUM(SUM(calls)) OVER latest AS calls,"
        " ROW_NUMBER() OVER latest AS place FROM spend JOIN session ON session.id = spend.session_id"
        f" WHERE {_OWN_WORK} AND last_at < COALESCE(?, last_at + 1) GROUP BY session.id"
        " WINDOW latest AS (ORDER BY last_at DESC, session.id DESC)) WHERE calls <= ? OR place = 1 ORDER BY place",
        (*_own_work(db, agent), before, max_calls),
    )
    return dict(rows)


def habit_calls(db: sqlite3.Connection, session_ids: Iterable[int]) -> list[HabitCall]:
    """Every call of these sessions."""
    rows = db.execute(
        "SELECT call.session_id, chain_id, chain.key, position, requested_at, call.first_at, last_at, model, input,"
        f" cache_read, write_5m, write_1h, {PROMPT_TOKENS}, output, flags, price_id, cost, epoch, expected_read,"
        " missed, call_split.kind, ttl_ms"
        " FROM call JOIN call_split ON call_split.call_id = call.id JOIN chain ON chain.id = call.chain_id"
        f" WHERE call.session_id {IN_LIST} ORDER BY chain_id, position, message_id",
        (json_list(session_ids),),
    )
    return [HabitCall(*row) for row in rows]


def habit_turns(db: sqlite3.Connection, session_ids: Iterable[int]) -> list[HabitTurn]:
    """Every turn with calls of these sessions."""
    rows = db.execute(
        "SELECT session_id, at, ended_at, calls - subagent_calls, calls, output, cost, context_end,"
        " (session_id, prompt_uuid) IN (SELECT session_id, turn FROM tool_use WHERE flags & ?1 AND turn IS NOT NULL"
        " AND session_id IN (SELECT value FROM json_each(?2)))"
        " FROM task_turn WHERE calls AND session_id IN (SELECT value FROM json_each(?2)) ORDER BY session_id, ordinal",
        (_EDIT, json_list(session_ids)),
    )
    return [HabitTurn._make((*sums, bool(has_edits))) for *sums, has_edits in rows]


def first_edits(db: sqlite3.Connection, session_ids: Iterable[int]) -> dict[int, int]:
    """Position of each session's first edit in the main chain."""
    rows = db.execute(
        "SELECT session_id, MIN(position) FROM tool_use WHERE flags & ? AND chain = ''"
        f" AND session_id {IN_LIST} GROUP BY session_id",
        (_EDIT, json_list(session_ids)),
    )
    return dict(rows)


def compactions(db: sqlite3.Connection, session_ids: Iterable[int]) -> list[Compaction]:
    """Compactions, by session and position."""
    rows = db.execute(
        "SELECT session_id, agent, native_id, position, detail, tokens_before FROM event"
        " JOIN session ON session.id = session_id WHERE kind IN (?, ?)"
        f" AND chain = '' AND session_id {IN_LIST} ORDER BY session_id, position",
        (EventKind.COMPACT, EventKind.SUMMARY, json_list(session_ids)),
    )
    return [Compaction(*row) for row in rows]


def file_uses(db: sqlite3.Connection, session_ids: Iterable[int]) -> list[FileUse]:
    """Files read and changed on the main chains of these sessions, by session and position."""
    rows = db.execute(
        "SELECT session_id, position, message_id, target, result_chars, flags & ?2 != 0 FROM tool_use"
        " WHERE flags & (?1 | ?2) AND chain = '' AND target IS NOT NULL AND result_chars"
        " AND session_id IN (SELECT value FROM json_each(?3)) ORDER BY session_id, position",
        (_READ, _EDIT, json_list(session_ids)),
    )
    return [FileUse(*row) for row in rows]


def calls_by_day(db: sqlite3.Connection, agent: str, since: int) -> list[tuple[str, int, int | None]]:
    """(local day, calls of main chains, nano-dollars of all calls) of an agent from a time (epoch ms) on."""
    return db.execute(
        f"SELECT {local_day('call.first_at')} AS day, SUM(chain.key = ''), SUM(call.cost) FROM call"
        " JOIN chain ON chain.id = call.chain_id JOIN session ON session.id = call.session_id"
        f" WHERE {_OWN_WORK} AND call.first_at >= ? GROUP BY day ORDER BY day",
        (*_own_work(db, agent), since),
    ).fetchall()


def calls_by_price(
    db: sqlite3.Connection, agent: str, since: int, *, cold_kind: str, cold_cause: str
) -> list[CallsOfPrice]:
    """An agent's calls from a time (epoch ms) on; cold are those of the main chain with that kind or cause of miss."""
    rows = db.execute(
        "SELECT price_id, SUM(chain.key = '' AND (COALESCE(call_split.kind, '') = ?3 OR COALESCE(cause, '') = ?4)),"
        " SUM(input + write_5m + write_1h), SUM(cache_read), SUM(output)"
        " FROM call JOIN call_split ON call_split.call_id = call.id JOIN chain ON chain.id = call.chain_id"
        " JOIN session ON session.id = call.session_id"
        " WHERE agent = ?1 AND session.id NOT IN (SELECT value FROM json_each(?2)) AND call.first_at >= ?5"
        " GROUP BY price_id",
        (*_own_work(db, agent), cold_kind, cold_cause, since),
    )
    return [CallsOfPrice(*row) for row in rows]


def _own_work(db: sqlite3.Connection, agent: str) -> tuple[str, str]:
    return agent, json_list(program_sessions(db))
