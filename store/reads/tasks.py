"""Stored tasks with their sums, and the refusals during them; nothing is recomputed."""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from store.clauses import IN_LIST, IS_FLOOR, PROMPT_TOKENS, exists, json_list
from store.reads.chains import AGENT_TYPE, named_chains
from store.reads.filter import Filter
from store.records import EventKind
from store.task_rows import PartRow, TaskRow, TaskTurnRow


class TurnSums(NamedTuple):
    """A turn in a list of tasks."""

    agent: str
    session: str
    prompt_uuid: str
    at: int
    calls: int
    cost: int


def task_rows(db: sqlite3.Connection, chosen: Filter) -> list[TaskRow]:
    """The chosen tasks, latest first."""
    where, values = chosen.of_tasks()
    return [TaskRow(*row) for row in db.execute(f"SELECT * FROM task WHERE {where} ORDER BY ended_at DESC, id", values)]


def turn_sums(db: sqlite3.Connection, chosen: Filter) -> dict[str, list[TurnSums]]:
    """Turns of the chosen tasks in order of time."""
    where, values = chosen.of_tasks()
    found = db.execute(
        "SELECT task_turn.task_id, agent, session.native_id, prompt_uuid, task_turn.at, task_turn.calls, task_turn.cost"
        " FROM task JOIN task_turn ON task_turn.task_id = task.id JOIN session ON session.id = task_turn.session_id"
        f" WHERE {where} ORDER BY task_turn.at, native_id, ordinal",
        values,
    )
    turns: dict[str, list[TurnSums]] = {}
    for row in found:
        turns.setdefault(row[0], []).append(TurnSums(*row[1:]))
    return turns


def task_row_of(db: sqlite3.Connection, identity: str) -> TaskRow | None:
    """A task by its id; None if there is none."""
    row = db.execute("SELECT * FROM task WHERE id = ?", (identity,)).fetchone()
    return TaskRow(*row) if row else None


def ids_like(db: sqlite3.Connection, prefix: str) -> list[str]:
    """Ids of tasks that start with a prefix."""
    found = db.execute("SELECT id FROM task WHERE id >= ? AND id < ? ORDER BY id", (prefix, prefix + "\U0010ffff"))
    return [row[0] for row in found]


def all_ids(db: sqlite3.Connection) -> list[str]:
    """Ids of all tasks."""
    return [row[0] for row in db.execute("SELECT id FROM task ORDER BY id")]


def titles_of(db: sqlite3.Connection, task_ids: Iterable[str]) -> dict[str, str]:
    """Titles of those of these tasks that exist."""
    asked = f"SELECT id, title FROM task WHERE id {IN_LIST}"
    return dict(db.execute(asked, (json_list(task_ids),)))


def has_tasks(db: sqlite3.Connection) -> bool:
    """Whether any task has been derived."""
    return exists(db, "SELECT 1 FROM task")


def turns_of_tasks(db: sqlite3.Connection, task_ids: Iterable[str]) -> list[TaskTurnRow]:
    """Turns of these tasks in order of time; a fork's copies and their originals by the sessions' own ids."""
    found = db.execute(
        "SELECT task_turn.* FROM task_turn JOIN session ON session.id = session_id"
        f" WHERE task_id {IN_LIST} ORDER BY at, native_id, ordinal",
        (json_list(task_ids),),
    )
    return [TaskTurnRow(*row) for row in found]


def turns_of(db: sqlite3.Connection, identity: str) -> list[TaskTurnRow]:
    """Turns of a task in order of time."""
    return turns_of_tasks(db, [identity])


def sessions_of(db: sqlite3.Connection, identity: str) -> dict[int, tuple[str, str]]:
    """Agent and native id of a task's sessions."""
    found = db.execute(
        "SELECT id, agent, native_id FROM session WHERE id IN (SELECT session_id FROM task_part WHERE task_id = ?)",
        (identity,),
    )
    return {row[0]: (row[1], row[2]) for row in found}


class TaskCall(NamedTuple):
    """A call of a task with its derived figures."""

    call_id: int
    session_id: int
    chain: str
    agent_type: str | None
    position: int
    first_at: int
    turn: str
    model: str
    context: int
    cost: int | None
    epoch: int
    missed: int
    kind: str | None
    cause: str | None
    cause_source: str | None
    is_up_to: int
    waste: int | None
    is_floor: int


def calls_of(db: sqlite3.Connection, identity: str) -> list[TaskCall]:
    """Calls of a task in order of time."""
    chains = named_chains("session_id IN (SELECT session_id FROM task_part WHERE task_id = ?1)")
    found = db.execute(
        f"SELECT call.id, call.session_id, chain.key, {AGENT_TYPE}, call.position, call.first_at, call_split.turn,"
        f" model, {PROMPT_TOKENS}, cost, epoch, missed, call_split.kind, cause, cause_source, is_up_to, waste,"
        f" {IS_FLOOR}"
        " FROM call_split JOIN call ON call.id = call_split.call_id"
        f" JOIN chain ON chain.id = call.chain_id {chains} WHERE task_id = ?1"
        " ORDER BY call.first_at, call.position, call.id",
        (identity,),
    )
    return [TaskCall(*row) for row in found]


def unsure_turns(db: sqlite3.Connection) -> list[tuple[str, TaskTurnRow]]:
    """Decisions by rule among the latest turns, each with its session's own id.

    The least sure first, more expensive tasks first among equals.
    """
    found = db.execute(
        "SELECT native_id, task_turn.* FROM (SELECT session_id, prompt_uuid FROM task_turn ORDER BY at DESC LIMIT 400)"
        " JOIN task_turn USING (session_id, prompt_uuid) JOIN session ON session.id = session_id"
        " WHERE decided_by = 'rule' AND score IS NOT NULL AND calls > 0 AND abs(score - 1000) <= 150"
        " ORDER BY abs(score - 1000) / 50, cost DESC LIMIT 50"
    )
    return [(row[0], TaskTurnRow(*row[1:])) for row in found]


def latest_activity(db: sqlite3.Connection) -> int:
    """Time of the latest record in any session (epoch ms); 0 in an empty ledger."""
    return int(db.execute("SELECT COALESCE(MAX(last_at), 0) FROM session").fetchone()[0])


def turns_of_sessions(db: sqlite3.Connection, session_ids: Iterable[int]) -> list[TaskTurnRow]:
    """Turns of these sessions, each session's in the order of its file."""
    found = db.execute(
        f"SELECT * FROM task_turn WHERE session_id {IN_LIST} ORDER BY session_id, ordinal",
        (json_list(session_ids),),
    )
    return [TaskTurnRow(*row) for row in found]


def task_of_turn(db: sqlite3.Connection, session_id: int, uuid: str) -> str | None:
    """The task that a turn is assigned to."""
    row = db.execute(
        "SELECT task_id FROM task_turn WHERE session_id = ? AND prompt_uuid = ?", (session_id, uuid)
    ).fetchone()
    return row[0] if row else None


def sessions_of_tasks(db: sqlite3.Connection, chosen: Filter) -> list[int]:
    """Sessions of the chosen tasks, latest first; only the chosen one if a session is chosen."""
    where, values = chosen.of_tasks()
    found = db.execute(
        "SELECT DISTINCT session.id FROM task JOIN task_part ON task_part.task_id = task.id"
        f" JOIN session ON session.id = task_part.session_id WHERE {where}"
        " ORDER BY session.last_at DESC, session.id DESC",
        values,
    )
    return [row[0] for row in found if chosen.session_id in (None, row[0])]


def recent_parts(db: sqlite3.Connection, since: int) -> list[tuple[str, PartRow]]:
    """Project and part of all work that ended at or after `since`."""
    found = db.execute(
        "SELECT project, task_part.* FROM task_part JOIN session ON session.id = task_part.session_id"
        " WHERE task_part.last_at >= ? AND project IS NOT NULL ORDER BY task_part.first_at, session_id, root",
        (since,),
    )
    return [(row[0], PartRow(*row[1:])) for row in found]


class RefusalMark(NamedTuple):
    """A refused request: the kind of event, the reason as far as it is known, and the time (epoch ms)."""

    kind: str
    detail: str
    at: int | None


def refusals_of_task(db: sqlite3.Connection, task_id: str) -> list[RefusalMark]:
    """Refusals during a task's turns, in order of time; one before a session's first turn belongs to that turn."""
    found = db.execute(
        f"""
        SELECT event.kind, COALESCE(event.detail, ''), event.at FROM event
        WHERE event.kind IN ('{EventKind.API_ERROR}', '{EventKind.LIMIT}')
        AND event.session_id IN (SELECT session_id FROM task_part WHERE task_id = :task)
        AND :task = COALESCE(
            (SELECT task_id FROM task_turn WHERE task_turn.session_id = event.session_id AND task_turn.at <= event.at
             ORDER BY task_turn.at DESC, ordinal DESC LIMIT 1),
            (SELECT task_id FROM task_turn WHERE task_turn.session_id = event.session_id
             ORDER BY task_turn.at, ordinal LIMIT 1))
        ORDER BY event.at, event.position""",
        {"task": task_id},
    )
    return [RefusalMark(*row) for row in found]
