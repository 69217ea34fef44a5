"""Reads what the context report shows: a session and its main chain."""

import sqlite3
from typing import NamedTuple

from store.clauses import LATEST_SESSION_FIRST, PROMPT_TOKENS, SESSION_TITLE
from store.titles import title_in


class ContextSession(NamedTuple):
    """A session that a context report can be about."""

    id: int
    agent: str
    native_id: str
    project: str | None
    title: str | None
    last_at: int | None


class ContextCall(NamedTuple):
    """A call of a main chain."""

    session_id: int
    epoch: int
    context: int
    output: int
    cost: int | None
    first_at: int
    last_at: int
    model: str
    version: str | None
    price_id: str | None
    ttl_ms: int | None
    write_5m: int
    write_1h: int
    kind: str | None
    cause: str | None
    task_id: str
    flags: int


_COLUMNS = (
    f"call.session_id, epoch, {PROMPT_TOKENS}, call.output, call.cost,"
    " call.first_at, call.last_at, call.model, call.version, call.price_id, ttl_ms, call.write_5m, call.write_1h,"
    " call_split.kind, cause, task_id, call.flags"
)
_FROM = (
    "FROM call JOIN call_split ON call_split.call_id = call.id"
    " JOIN chain ON chain.id = call.chain_id AND chain.key = ''"
)


def find_session(db: sqlite3.Connection, beginning: str | None) -> list[ContextSession]:
    """Sessions whose id begins so, or the latest one with calls."""
    columns = f"SELECT session.id, agent, native_id, project, {SESSION_TITLE}, last_at FROM session"
    if beginning is None:
        found = db.execute(
            f"{columns} WHERE EXISTS (SELECT 1 FROM call WHERE session_id = session.id)"
            f" ORDER BY {LATEST_SESSION_FIRST} LIMIT 1"
        )
    else:
        found = db.execute(f"{columns} WHERE instr(native_id, ?) = 1 ORDER BY last_at DESC LIMIT 5", (beginning,))
    return [ContextSession._make((*row[:4], row[4] and title_in(row[4]), row[5])) for row in found]


def main_calls(db: sqlite3.Connection, session_id: int) -> list[ContextCall]:
    """The session's own main calls in file order."""
    found = db.execute(
        f"SELECT {_COLUMNS} {_FROM} WHERE call.session_id = ? ORDER BY call.position, call.id", (session_id,)
    )
    return [ContextCall(*row) for row in found]
