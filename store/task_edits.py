"""The user's edits of tasks, a small model's suggestions, and what repositories say: tables that no rebuild empties."""

import sqlite3
import time
from collections.abc import Iterable, Sequence

from store.clauses import json_list
from store.task_rows import CommitRow, EditRow


def edits(db: sqlite3.Connection) -> list[EditRow]:
    """The user's edits, oldest first."""
    return [EditRow(*row) for row in db.execute("SELECT id, at, kind, body FROM task_edit ORDER BY id")]


def suggestions(db: sqlite3.Connection) -> list[EditRow]:
    """Words of the small model on the starts, titles and status of tasks: the latest answer on each session."""
    found = db.execute(
        "SELECT task_suggestion.id, at, json_extract(part.value, '$.kind'), json_extract(part.value, '$.body')"
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
    """Put what was found out while an edit was applied into it."""
    db.execute("UPDATE task_edit SET body = ? WHERE id = ?", (body, edit_id))


def add_suggestion(db: sqlite3.Connection, label: str, agent: str, session: str, prompts: int, body: str) -> None:
    """Append a small model's answer on the prompts of one session: a JSON list of {kind, body} as edits have them."""
    db.execute(
        "INSERT INTO task_suggestion (at, label, agent, session, body) VALUES (?, ?, ?, ?, ?)",
        (int(time.time() * 1000), f"{label}:{prompts}", agent, session, body),
    )


def suggestion_counts(db: sqlite3.Connection) -> dict[tuple[str, str], int]:
    """For sessions that were asked about: how many prompts they had then."""
    found = db.execute(
        "SELECT agent, session, label FROM task_suggestion WHERE id IN"
        " (SELECT MAX(id) FROM task_suggestion GROUP BY agent, session)"
    )
    return {(row[0], row[1]): int(row[2].rpartition(":")[2] or 0) for row in found}


def turn_of_call(db: sqlite3.Connection, message_id: str) -> tuple[int, str | None] | None:
    """Session and turn of a call by any of its message ids; no turn for a subagent's call."""
    row = db.execute(
        "SELECT session_id, turn FROM call WHERE message_id = :key OR id ="
        " (SELECT call_id FROM call_alias WHERE key = :key AND NOT is_request)",
        {"key": message_id},
    ).fetchone()
    return (row[0], row[1]) if row else None


def session_of(db: sqlite3.Connection, agent: str, native_id: str) -> int | None:
    """Id of a session by the agent's own id."""
    row = db.execute("SELECT id FROM session WHERE agent = ? AND native_id = ?", (agent, native_id)).fetchone()
    return row[0] if row else None


def put_commits(db: sqlite3.Connection, commits: Sequence[CommitRow]) -> int:
    """Add commits that are not known yet; returns how many were new."""
    if not commits:
        return 0
    return db.executemany("INSERT OR IGNORE INTO git_commit VALUES (?, ?, ?, ?, ?)", commits).rowcount


def folder_of(db: sqlite3.Connection, session_id: int) -> str | None:
    """The folder a session ran in."""
    row = db.execute("SELECT cwd FROM session WHERE id = ?", (session_id,)).fetchone()
    return row[0] if row else None


def commits_of(db: sqlite3.Connection, folder: str, since: int, until: int) -> list[CommitRow]:
    """Commits between two times in the repository of a folder that a session ran in."""
    found = db.execute(
        "SELECT * FROM git_commit WHERE project = ? AND at BETWEEN ? AND ? ORDER BY at", (folder, since, until)
    )
    return [CommitRow(*row) for row in found]


def reverted_shas(db: sqlite3.Connection, folder: str) -> list[str]:
    """Commits in the repository of a folder that a later commit says it reverts, unless that one was reverted, too."""
    found = db.execute(
        "SELECT reverts FROM git_commit AS one WHERE project = ?1 AND reverts IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM git_commit WHERE project = ?1 AND reverts IS NOT NULL AND instr(one.sha, reverts) = 1)",
        (folder,),
    )
    return [row[0] for row in found]


def recent_folders(db: sqlite3.Connection, since: int) -> list[tuple[str, int]]:
    """Folders in which a session was active since then, each with the time its first such session began."""
    return db.execute(
        "SELECT cwd, MIN(first_at) FROM session WHERE last_at >= ? AND cwd IS NOT NULL AND first_at IS NOT NULL"
        " GROUP BY cwd",
        (since,),
    ).fetchall()


def tasks_of_folders(db: sqlite3.Connection, folders: Iterable[str]) -> list[str]:
    """Ids of all tasks with a session in these folders."""
    return [
        row[0]
        for row in db.execute(
            "SELECT DISTINCT task_id FROM task_turn JOIN session ON session.id = session_id"
            " WHERE cwd IN (SELECT value FROM json_each(?))",
            (json_list(folders),),
        )
    ]


def repository_stamp(db: sqlite3.Connection, folder: str) -> str | None:
    """The state in which a folder's repository was read last."""
    row = db.execute("SELECT value FROM meta WHERE key = ?", (f"git:{folder}",)).fetchone()
    return row[0] if row else None


def set_repository_stamp(db: sqlite3.Connection, folder: str, stamp: str) -> None:
    """Remember the state in which a folder's repository was read."""
    db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (f"git:{folder}", stamp))


def edit_stamp(db: sqlite3.Connection) -> str:
    """Changes with every edit."""
    count, latest = db.execute("SELECT COUNT(*), COALESCE(MAX(id), 0) FROM task_edit").fetchone()
    return f"{count}:{latest}"


def boundary_fit(db: sqlite3.Connection) -> str:
    """What was fitted to the user's edits last, "" for nothing."""
    row = db.execute("SELECT value FROM meta WHERE key = 'boundary_fit'").fetchone()
    return row[0] if row else ""


def set_boundary_fit(db: sqlite3.Connection, fitted: str) -> None:
    """Remember what was fitted."""
    db.execute("INSERT OR REPLACE INTO meta VALUES ('boundary_fit', ?)", (fitted,))


def mark_scored_sessions(db: sqlite3.Connection) -> None:
    """Have every session derived again in which the score decided something."""
    db.execute(
        "UPDATE session SET model_stale = 1 WHERE id IN (SELECT session_id FROM task_turn WHERE score IS NOT NULL)"
    )
