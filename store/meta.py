"""Saved results that would take time to work out again: single values in the table `meta`, and measured habits."""

import sqlite3


def meta_value(db: sqlite3.Connection, key: str) -> str | None:
    """The saved value of a key; None if there is none."""
    row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return row[0] if row else None


def set_meta_value(db: sqlite3.Connection, key: str, value: str) -> None:
    """Save a value under a key, replacing the previous one."""
    db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))


def stored_habits(db: sqlite3.Connection, agent: str) -> tuple[int, str] | None:
    """When an agent's habits were last measured (epoch ms), and the result (JSON)."""
    row = db.execute("SELECT at, body FROM habit WHERE key = ?", (agent,)).fetchone()
    return (row[0], row[1]) if row else None


def store_habits(db: sqlite3.Connection, agent: str, at: int, body: str) -> None:
    """Store an agent's habits (JSON) as measured at `at` (epoch ms), replacing the previous ones."""
    db.execute("INSERT OR REPLACE INTO habit VALUES (?, ?, ?)", (agent, at, body))
