"""Requests that were refused or broke off: the marks that sessions hold of them."""

import sqlite3
from typing import NamedTuple

from store.records import EventKind

_MARKS = f"""
    SELECT event.kind, COALESCE(event.detail, ''), event.at
    FROM event WHERE event.kind IN ('{EventKind.API_ERROR}', '{EventKind.LIMIT}')
"""


class RefusalMark(NamedTuple):
    """A mark: the kind of event, what is known of the reason, and when (epoch ms)."""

    kind: str
    detail: str
    at: int | None


def refusals_of_task(db: sqlite3.Connection, task_id: str) -> list[RefusalMark]:
    """Marks that fell into a task's turns, in order of time; one before a session's first turn belongs to that turn."""
    found = db.execute(
        f"""{_MARKS} AND event.session_id IN (SELECT session_id FROM task_part WHERE task_id = :task)
        AND :task = COALESCE(
            (SELECT task_id FROM task_turn WHERE task_turn.session_id = event.session_id AND task_turn.at <= event.at
             ORDER BY task_turn.at DESC, ordinal DESC LIMIT 1),
            (SELECT task_id FROM task_turn WHERE task_turn.session_id = event.session_id
             ORDER BY task_turn.at, ordinal LIMIT 1))
        ORDER BY event.at, event.position""",
        {"task": task_id},
    )
    return [RefusalMark(*row) for row in found]
