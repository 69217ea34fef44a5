"""What is kept to save the work of finding it out again: single values by name, and the habits as measured last."""

import sqlite3


def kept_value(db: sqlite3.Connection, key: str) -> str | None:
    """A value as it was kept last."""
    row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return row[0] if row else None


def keep_value(db: sqlite3.Connection, key: str, value: str) -> None:
    """Keep a value in place of the one before."""
    db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))


def stored_habits(db: sqlite3.Connection, agent: str) -> tuple[int, str] | None:
    """When the habits of an agent were measured last, and what came out (JSON)."""
    row = db.execute("SELECT at, body FROM habit WHERE key = ?", (agent,)).fetchone()
    return (row[0], row[1]) if row else None


def keep_habits(db: sqlite3.Connection, agent: str, at: int, body: str) -> None:
    """Keep measured habits (JSON)."""
    db.execute("INSERT OR REPLACE INTO habit VALUES (?, ?, ?)", (agent, at, body))
