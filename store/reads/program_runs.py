"""Runs started by a program (a hook, a script, another tool), which would crowd out the user's own tasks.

A task is such a run if all its sessions are headless (store.clauses), nothing was edited, and at least three such tasks
of the project begin with the same words. One question asked with `claude -p` is a task like any other, and so is a loop
that edits files. A run that the user named or judged is a task again; the others stay what they are.

Clients up to early 2026 do not record that a program asked, and a program may also type into a terminal. Such unmarked
tasks are runs if at least five, of any project, begin with the same words, longer than what people usually repeat.

What a client did before the first prompt (store.clauses.HAS_TALKED) is a run, too.
"""

import sqlite3

from store.clauses import HAS_TALKED, IN_LIST, IS_HEADLESS, json_list

_MIN_ALIKE = 3
_OPENING_CHARS = 24
_MIN_ALIKE_UNMARKED = 5
_OPENING_CHARS_UNMARKED = 80


def program_runs(db: sqlite3.Connection) -> frozenset[str]:
    """Ids of tasks that are program runs."""
    found = db.execute(
        f"""
        WITH begun AS (
            SELECT id, COALESCE(project, '') AS project, CASE title_from WHEN 'prompt' THEN title ELSE
                (SELECT text FROM task_turn JOIN turn USING (session_id, prompt_uuid) WHERE task_id = task.id
                 ORDER BY task_turn.at, task_turn.session_id, ordinal LIMIT 1) END AS words,
                (SELECT MIN({IS_HEADLESS}) FROM task_part JOIN session ON session.id = session_id
                 WHERE task_id = task.id) AS is_headless,
                title_from = 'prompt' AND COALESCE(evidence, '') != 'you' AS is_nobodys FROM task
            WHERE edit_turns = 0 AND title_from IN ('prompt', 'refined', 'you') AND title != ''
        ), candidate AS (
            SELECT id, project, substr(words, 1, :chars) AS opening, :min_alike AS min_alike, is_nobodys
            FROM begun WHERE is_headless
            UNION ALL
            SELECT id, '', substr(words, 1, :unmarked_chars), :unmarked_min, is_nobodys
            FROM begun WHERE NOT is_headless AND length(words) >= :unmarked_chars
        )
        SELECT id FROM candidate WHERE is_nobodys AND (project, opening) IN
            (SELECT project, opening FROM candidate GROUP BY project, opening HAVING COUNT(*) >= MIN(min_alike))
        UNION
        SELECT id FROM task WHERE title_from = 'nothing' AND edit_turns = 0 AND COALESCE(evidence, '') != 'you'
            AND NOT EXISTS (SELECT 1 FROM task_part JOIN session ON session.id = session_id
                            WHERE task_id = task.id AND {HAS_TALKED})
        """,
        {
            "chars": _OPENING_CHARS,
            "min_alike": _MIN_ALIKE,
            "unmarked_chars": _OPENING_CHARS_UNMARKED,
            "unmarked_min": _MIN_ALIKE_UNMARKED,
        },
    )
    return frozenset(row[0] for row in found)


def program_sessions(db: sqlite3.Connection) -> frozenset[int]:
    """Ids of sessions that hold only such runs, from which no habits are measured."""
    found = db.execute(
        f"SELECT session_id FROM task_part GROUP BY session_id HAVING MIN(task_id {IN_LIST})",
        (json_list(program_runs(db)),),
    )
    return frozenset(row[0] for row in found)
