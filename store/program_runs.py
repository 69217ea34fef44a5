"""Runs that a program started, by a hook, a script or another tool: they flood the tasks of the person beside it.

A task is such a run if all its sessions are headless (store.clauses), nothing was edited, the user has not judged it,
and at least three such tasks of the project begin with the same words. One question asked with `claude -p` is a task
like any other, and so is a loop that edits files.
"""

import sqlite3

from store.clauses import IS_HEADLESS, json_list

_LEAST_ALIKE = 3
_OPENING_CHARS = 24


def program_runs(db: sqlite3.Connection) -> frozenset[str]:
    """Ids of the tasks that are runs of programs."""
    found = db.execute(
        f"""
        WITH candidate AS (
            SELECT id, COALESCE(project, '') AS project, substr(title, 1, ?) AS opening FROM task
            WHERE id IN (SELECT task_id FROM task_part JOIN session ON session.id = session_id
                         GROUP BY task_id HAVING MIN({IS_HEADLESS}))
            AND edit_turns = 0 AND title_from = 'prompt' AND title != '' AND COALESCE(evidence, '') != 'you'
        )
        SELECT id FROM candidate WHERE (project, opening) IN
            (SELECT project, opening FROM candidate GROUP BY project, opening HAVING COUNT(*) >= ?)
        """,
        (_OPENING_CHARS, _LEAST_ALIKE),
    )
    return frozenset(row[0] for row in found)


def program_sessions(db: sqlite3.Connection) -> frozenset[int]:
    """Ids of the sessions that hold nothing but such runs: no habit of the person is measured from them."""
    found = db.execute(
        "SELECT session_id FROM task_part GROUP BY session_id HAVING MIN(task_id IN (SELECT value FROM json_each(?)))",
        (json_list(program_runs(db)),),
    )
    return frozenset(row[0] for row in found)
