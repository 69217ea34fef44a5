"""Commits of the repositories that sessions ran in; a rebuild keeps them."""

import sqlite3
from collections.abc import Iterable, Sequence

from store.clauses import IN_LIST, json_list
from store.task_rows import CommitRow


def put_commits(db: sqlite3.Connection, commits: Sequence[CommitRow]) -> int:
    """Add commits that are not stored yet; returns how many were new."""
    if not commits:
        return 0
    return db.executemany("INSERT OR IGNORE INTO git_commit VALUES (?, ?, ?, ?, ?)", commits).rowcount


def folder_of(db: sqlite3.Connection, session_id: int) -> str | None:
    """The folder a session ran in."""
    row = db.execute("SELECT cwd FROM session WHERE id = ?", (session_id,)).fetchone()
    return row[0] if row else None


def commits_of(db: sqlite3.Connection, folder: str, since: int, until: int) -> list[CommitRow]:
    """Commits between two times in the repository of a session's folder."""
    found = db.execute(
        "SELECT * FROM git_commit WHERE project = ? AND at BETWEEN ? AND ? ORDER BY at", (folder, since, until)
    )
    return [CommitRow(*row) for row in found]


def reverted_shas(db: sqlite3.Connection, folder: str) -> list[str]:
    """Commits in a folder's repository that a later commit reverts, unless that one was reverted itself."""
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
    found = db.execute(
        f"SELECT DISTINCT task_id FROM task_turn JOIN session ON session.id = session_id WHERE cwd {IN_LIST}",
        (json_list(folders),),
    )
    return [row[0] for row in found]
