"""The user's edits of tasks and a small model's suggestions; a rebuild keeps both."""

import sqlite3
import time

from store.task_rows import EditRow


def edits(db: sqlite3.Connection) -> list[EditRow]:
    """The user's edits, oldest first."""
    return [EditRow(*row) for row in db.execute("SELECT id, kind, body FROM task_edit ORDER BY id")]


def suggestions(db: sqlite3.Connection) -> list[EditRow]:
    """The small model's suggestions for starts, titles and statuses of tasks: its latest answer on each session."""
    found = db.execute(
        "SELECT task_suggestion.id, json_extract(part.value, '$.kind'), json_extract(part.value, '$.body')"
        " FROM task_suggestion, json_each(task_suggestion.body) AS part WHERE task_suggestion.id IN"
        " (SELECT MAX(id) FROM task_suggestion GROUP BY agent, session) ORDER BY task_suggestion.id, part.key"
    )
    return [EditRow(*row) for row in found]


def add_edit(db: sqlite3.Connection, kind: str, body: str) -> int:
    """Append an edit; returns its id."""
    cursor = db.execute(
        "INSERT INTO task_edit (at, kind, body) VALUES (?, ?, ?)", (int(time.time() * 1000), kind, body)
    )
    return int(cursor.lastrowid or 0)


def complete_edit(db: sqlite3.Connection, edit_id: int, body: str) -> None:
    """Replace an edit's body by one completed with what applying it found out."""
    db.execute("UPDATE task_edit SET body = ? WHERE id = ?", (body, edit_id))


def add_suggestion(db: sqlite3.Connection, label: str, agent: str, session: str, prompts: int, body: str) -> None:
    """Append a small model's answer on the prompts of one session: a JSON list of {kind, body} as edits have them."""
    db.execute(
        "INSERT INTO task_suggestion (at, label, agent, session, body) VALUES (?, ?, ?, ?, ?)",
        (int(time.time() * 1000), f"{label}:{prompts}", agent, session, body),
    )


def suggestion_counts(db: sqlite3.Connection) -> dict[tuple[str, str], int]:
    """For each session that the small model was asked about: its number of prompts at the time."""
    found = db.execute(
        "SELECT agent, session, label FROM task_suggestion WHERE id IN"
        " (SELECT MAX(id) FROM task_suggestion GROUP BY agent, session)"
    )
    return {(row[0], row[1]): int(row[2].rpartition(":")[2] or 0) for row in found}


def turn_of_call(db: sqlite3.Connection, message_id: str) -> tuple[int, str | None] | None:
    """Session and turn of a call, by any of its message ids; a subagent's call has no turn."""
    row = db.execute(
        "SELECT session_id, turn FROM call WHERE message_id = :key OR id ="
        " (SELECT call_id FROM call_alias WHERE key = :key AND NOT is_request)",
        {"key": message_id},
    ).fetchone()
    return (row[0], row[1]) if row else None


def session_of(db: sqlite3.Connection, agent: str, native_id: str) -> int | None:
    """Id of a session, by the agent's own id."""
    row = db.execute("SELECT id FROM session WHERE agent = ? AND native_id = ?", (agent, native_id)).fetchone()
    return row[0] if row else None


def edit_stamp(db: sqlite3.Connection) -> str:
    """Changes with every edit."""
    count, latest = db.execute("SELECT COUNT(*), COALESCE(MAX(id), 0) FROM task_edit").fetchone()
    return f"{count}:{latest}"


def mark_scored_sessions(db: sqlite3.Connection) -> None:
    """Mark every session in which the score decided something, so that it is derived again."""
    db.execute(
        "UPDATE session SET model_stale = 1 WHERE id IN (SELECT session_id FROM task_turn WHERE score IS NOT NULL)"
    )
