"""What is kept to save the work of finding it out again: the habits as they were measured last."""

import sqlite3


def stored_habits(db: sqlite3.Connection, agent: str) -> tuple[int, str] | None:
    """When the habits of an agent were measured last, and what came out (JSON)."""
    row = db.execute("SELECT at, body FROM habit WHERE key = ?", (agent,)).fetchone()
    return (row[0], row[1]) if row else None


def keep_habits(db: sqlite3.Connection, agent: str, at: int, body: str) -> None:
    """Keep measured habits (JSON)."""
    db.execute("INSERT OR REPLACE INTO habit VALUES (?, ?, ?)", (agent, at, body))
