"""One function per `taximeter task edit` command, and `task undo`; the dashboard's keys call the same functions.

A task is named by its id or an unambiguous prefix, a turn by `ID.N`, N counting from 1 in order of time.
"""

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from store.ledger import transaction
from store.reads.tasks import ids_like, sessions_of, task_of_turn, turns_of, turns_of_sessions
from store.records import TurnKind
from store.task_edits import add_edit, edits
from store.task_rows import TaskTurnRow
from store.tasks import mark_stale
from tracker.edit_tasks.regroup import (
    A_NEW_TASK,
    Regrouping,
    anchor_of,
    apply,
    encode_body,
    key_of_turn,
    naming_turn,
    regroup,
)
from tracker.errors import UserError
from tracker.model.tasks.edits import Anchor, EditBody, EditKind, in_force
from tracker.model.tasks.status import TaskStatus
from tracker.rebuild import find_turn, read_overlay, rebuild
from tracker.words import counted

_MAX_DIGITS = 9


class EditError(UserError):
    """Why an edit is not possible, and what is."""


class Turn(NamedTuple):
    """A turn of a task, for an edit."""

    row: TaskTurnRow
    anchor: Anchor


def find_task(db: sqlite3.Connection, text: str) -> str:
    """The full id of a task; EditError if it is unknown or ambiguous."""
    wanted = text.strip().lower()
    found = ids_like(db, wanted) if wanted else []
    if len(found) == 1:
        return found[0]
    if not found:
        raise EditError(f"no task {text!r} (taximeter tasks lists them)")
    raise EditError(f"{text!r} could be {', '.join(found[:4])}{' …' if found[4:] else ''}: give more of the id")


def find_numbered(db: sqlite3.Connection, text: str) -> tuple[str, int]:
    """Task id and turn number of `ID.N`; the number defaults to 1."""
    name, _, number = text.partition(".")
    if number and not (number.isdecimal() and len(number) <= _MAX_DIGITS):
        raise EditError(f"not a turn: {text!r} (write ID.N, as in t1f3.4)")
    return find_task(db, name), int(number) if number else 1


def turn_of(db: sqlite3.Connection, identity: str, number: int) -> Turn:
    """The turn with that number; EditError if the task has no such turn."""
    rows = turns_of(db, identity)
    if not 1 <= number <= len(rows):
        raise EditError(f"task {identity} has {counted(len(rows), 'turn')}, no turn {number}")
    return _turn(db, identity, rows[number - 1])


def rename(db: sqlite3.Connection, identity: str, title: str) -> str:
    """Set the task's title."""
    title = " ".join(title.split())
    if not title:
        raise EditError("a title needs at least one letter")
    return _about_task(db, identity, EditKind.RENAME, EditBody(title=title))


def set_status(db: sqlite3.Connection, identity: str, status: str) -> str:
    """Set the task's status, with the strongest evidence."""
    if status not in list(TaskStatus):
        raise EditError(f"not a status: {status!r} (one of {', '.join(TaskStatus)})")
    return _about_task(db, identity, EditKind.STATUS, EditBody(status=status))


def exclude(db: sqlite3.Connection, identity: str, *, is_on: bool = True) -> str:
    """Exclude the task from all rates, or include it again; its cost stays in the total, outside tasks."""
    return _about_task(db, identity, EditKind.EXCLUDE, EditBody(is_on=is_on))


def split(db: sqlite3.Connection, identity: str, number: int) -> str:
    """Start a task at this turn; returns the id of the turn's new task.

    The later turns of its session go with it, and so do parts of the task in other sessions that begin later.
    """
    if number == 1:
        raise EditError("turn 1 already starts the task; name the turn at which another begins")
    turn = turn_of(db, identity, number)
    rows = turns_of(db, identity)
    later_parts = {(row.session_id, row.root) for row in rows[number:] if row.prompt_uuid == row.root}
    later_parts.discard((turn.row.session_id, turn.row.root))
    leaving = [row for row in rows if (row.session_id, row.root) in later_parts or _is_from(row, turn.row)]
    return regroup(db, EditKind.SPLIT, EditBody((turn.anchor,)), turn.row, _regrouping(leaving, A_NEW_TASK, identity))


def join(db: sqlite3.Connection, identity: str, number: int = 1) -> str:
    """Make this turn continue the one before it in its session; returns the id of its new task.

    The turns that follow it in its session go with it; the turn that names a task takes the whole task along.
    """
    turn = turn_of(db, identity, number)
    before = _before(db, turn.row)
    if before is None:
        raise EditError("no task comes before it in its session; merge joins any two")
    if before.task_id == identity:
        raise EditError("it already belongs to the task of the turn before it")
    names_task = key_of_turn(turn.row) == naming_turn(db, identity)
    joining = [row for row in turns_of(db, identity) if names_task or _is_from(row, turn.row)]
    body = EditBody((turn.anchor,), is_on=False)
    return regroup(db, EditKind.SPLIT, body, turn.row, _regrouping(joining, before.task_id, identity))


def merge(db: sqlite3.Connection, into: str, others: list[str]) -> str:
    """Make other tasks part of this one, which keeps its title, status and exclusion."""
    if into in others or not others:
        raise EditError("name at least one other task to merge into the first")
    target = turn_of(db, into, 1)
    rows = [row for other in dict.fromkeys(others) for row in turns_of(db, other)]
    names = {naming_turn(db, other) for other in others}
    roots = tuple(_turn(db, row.task_id, row).anchor for row in rows if key_of_turn(row) in names)
    body = EditBody(roots, into=target.anchor)
    return regroup(db, EditKind.MERGE, body, target.row, _regrouping(rows, into, *others))


def move(db: sqlite3.Connection, identity: str, number: int, target: str) -> str:
    """Move one turn to another task. Later turns stay on the old task, as do title, status and exclusion."""
    turn, into = turn_of(db, identity, number), turn_of(db, target, 1)
    if identity == target:
        raise EditError("the turn already belongs to that task")
    body = EditBody((turn.anchor,), into=into.anchor)
    return regroup(db, EditKind.MOVE, body, into.row, _regrouping([turn.row], target, identity))


def undo(db: sqlite3.Connection) -> str | None:
    """Undo the last edit in force; returns its kind, "join" for a removed start, None if there is no edit."""
    active = in_force(edits(db))
    if not active:
        return None
    last, body = active[-1]
    with transaction(db):
        add_edit(db, EditKind.UNDO, encode_body(EditBody(undone=last.id)))
        keys = [find_turn(db, anchor) for anchor in body.anchors()]
        mark_stale(db, {key[0] for key in keys if key is not None})
    rebuild(db)
    return "join" if last.kind == EditKind.SPLIT and not body.is_on else last.kind


def _turn(db: sqlite3.Connection, identity: str, row: TaskTurnRow) -> Turn:
    agent, native_id = sessions_of(db, identity)[row.session_id]
    return Turn(row, anchor_of(row, agent, native_id))


def _regrouping(leaving: Iterable[TaskTurnRow], onto: str, *losing: str) -> Regrouping:
    return Regrouping(frozenset(key_of_turn(row) for row in leaving), onto, frozenset({onto, *losing}) - {A_NEW_TASK})


def _is_from(row: TaskTurnRow, start: TaskTurnRow) -> bool:
    """Whether the turn is `start` or follows it in its part of the task."""
    return (row.session_id, row.root) == (start.session_id, start.root) and row.ordinal >= start.ordinal


def _before(db: sqlite3.Connection, turn: TaskTurnRow) -> TaskTurnRow | None:
    """The turn that this one would continue: the previous one in its session, preferring turns that were not moved."""
    placements = read_overlay(db).placements
    earlier = [
        row
        for row in turns_of_sessions(db, [turn.session_id])
        if row.ordinal < turn.ordinal and row.kind != TurnKind.NOTIFICATION
    ]
    followed = [row for row in earlier if (placed := placements.get(key_of_turn(row))) is None or placed.kind != "move"]
    return next(reversed(followed or earlier), None)


def _about_task(db: sqlite3.Connection, identity: str, kind: str, body: EditBody) -> str:
    """Apply an edit to the present task, through its first turn; the turns that continue it are named too."""
    first = turn_of(db, identity, 1)
    others = [row for row in turns_of(db, identity) if row.prompt_uuid != row.root]
    kept = tuple(_turn(db, identity, row).anchor for row in others)
    apply(
        db,
        kind,
        msgspec.structs.replace(body, turns=(first.anchor,), kept=kept),
        {row.session_id for row in (first.row, *others)},
    )
    return task_of_turn(db, *key_of_turn(first.row)) or identity
