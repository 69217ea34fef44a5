"""Finds the session that a command is about."""

import sqlite3
from typing import NamedTuple

from store.clauses import LATEST_SESSION_FIRST, SESSION_TITLE
from store.titles import title_in


class FoundSession(NamedTuple):
    """A session that was asked for, or the latest."""

    id: int
    agent: str
    native_id: str
    project: str | None
    title: str | None
    last_at: int | None


def find_session(db: sqlite3.Connection, beginning: str | None) -> list[FoundSession]:
    """Sessions whose id begins so, or the latest one with calls."""
    columns = f"SELECT session.id, agent, native_id, project, {SESSION_TITLE}, last_at FROM session"
    if beginning is None:
        found = db.execute(
            f"{columns} WHERE EXISTS (SELECT 1 FROM call WHERE session_id = session.id)"
            f" ORDER BY {LATEST_SESSION_FIRST} LIMIT 1"
        )
    else:
        found = db.execute(f"{columns} WHERE instr(native_id, ?) = 1 ORDER BY last_at DESC LIMIT 5", (beginning,))
    return [FoundSession._make((*row[:4], row[4] and title_in(row[4]), row[5])) for row in found]
