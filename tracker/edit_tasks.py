"""Changes tasks by the user's word: appends an edit and derives anew what it touches.

A task is named by its id or an unmistakable beginning of it, a turn by `ID.N`, N counting from 1 in order of time.
"""

import sqlite3
from typing import NamedTuple

import msgspec

from store.ledger import transaction
from store.task_edits import add_edit, edits
from store.task_reads import ids_like, part_roots, sessions_of, task_of_turn, turn_after, turn_before, turns_of
from store.task_rows import EditRow, TaskTurnRow
from store.tasks import load_session, mark_stale
from tracker.model.boundaries import WEIGHTS, decide
from tracker.model.boundary_fit import FEATURES, seen_decisions
from tracker.model.edits import Anchor, EditBody, EditKind, Seen, in_force
from tracker.model.headline import TaskStatus
from tracker.model.session_tasks import decode_facts, said_in
from tracker.model.turns import arrange
from tracker.rebuild import find_turn, own_weights_in_use, read_overlay, rebuild

STATUSES = (
    TaskStatus.COMPLETED,
    TaskStatus.OPEN,
    TaskStatus.INTERRUPTED,
    TaskStatus.ABANDONED,
    TaskStatus.REVERTED,
)
_ABOUT_STARTS = (EditKind.SPLIT, EditKind.MERGE, EditKind.MOVE)


class EditError(Exception):
    """A sentence for the user: what cannot be done, and what can."""


class Turn(NamedTuple):
    """A turn of a task as an edit needs it."""

    row: TaskTurnRow
    anchor: Anchor


def find_task(db: sqlite3.Connection, text: str) -> str:
    """The whole id of a task; EditError if it is unknown or not unmistakable."""
    wanted = text.strip().lower()
    found = ids_like(db, wanted) if wanted else []
    if len(found) == 1:
        return found[0]
    if not found:
        raise EditError(f"no task {text!r} (taximeter tasks lists them)")
    raise EditError(f"{text!r} could be {', '.join(found[:4])}: give more of the id")


def find_numbered(db: sqlite3.Connection, text: str) -> tuple[str, int]:
    """Task and turn number of `ID.N`; the number is 1 where none is given."""
    name, _, number = text.partition(".")
    if number and not number.isdigit():
        raise EditError(f"not a turn: {text!r} (write ID.N, as in t1f3.4)")
    return find_task(db, name), int(number) if number else 1


def turn_of(db: sqlite3.Connection, identity: str, number: int) -> Turn:
    """The turn with that number; EditError if the task has no such turn."""
    rows = turns_of(db, identity)
    if not 1 <= number <= len(rows):
        raise EditError(f"task {identity} has {len(rows)} turns, no turn {number}")
    return _turn(db, identity, rows[number - 1])


def rename(db: sqlite3.Connection, identity: str, title: str) -> str:
    """Give the task a title of the user's own."""
    title = " ".join(title.split())
    if not title:
        raise EditError("a title needs at least one letter")
    return _about_task(db, identity, EditKind.RENAME, EditBody(title=title))


def set_status(db: sqlite3.Connection, identity: str, status: str) -> str:
    """Say what became of the task: the strongest evidence there is."""
    if status not in STATUSES:
        raise EditError(f"not a status: {status!r} (one of {', '.join(STATUSES)})")
    return _about_task(db, identity, EditKind.STATUS, EditBody(status=status))


def exclude(db: sqlite3.Connection, identity: str, *, is_on: bool = True) -> str:
    """Leave the task out of all rates (its cost stays in the total, outside tasks), or take it in again."""
    return _about_task(db, identity, EditKind.EXCLUDE, EditBody(is_on=is_on))


def split(db: sqlite3.Connection, identity: str, number: int) -> str:
    """Let a task start at this turn; returns the new task's id."""
    if number == 1:
        raise EditError("turn 1 starts the task already; name the turn at which another begins")
    rows = turns_of(db, identity)
    turn = turn_of(db, identity, number)
    at = (turn.row.session_id, turn.row.root)
    roots = part_roots(db, identity)
    by_key = {(row.session_id, row.prompt_uuid): row for row in rows}
    others = [by_key[key] for key in roots if key != at and key in by_key]
    later = [row for row in others if row.at >= turn.row.at]
    # The part that names the task keeps its name: what came before it must be told to leave.
    names_task = turn.row.prompt_uuid == turn.row.root and roots[:1] == [at]
    earlier = sorted((row for row in others if row.at < turn.row.at), key=lambda row: row.at) if names_task else []
    body = EditBody(
        (turn.anchor,),
        later=tuple(_turn(db, identity, row).anchor for row in later),
        earlier=tuple(_turn(db, identity, row).anchor for row in earlier),
    )
    return _apply(db, EditKind.SPLIT, body, turn.row, *later, *earlier)


def join(db: sqlite3.Connection, identity: str, number: int = 1) -> str:
    """Let this turn go on with what comes before it in its session; returns the task that it is on then."""
    turn = turn_of(db, identity, number)
    if turn_before(db, turn.row.session_id, turn.row.ordinal) is None:
        raise EditError("nothing comes before it in its session (taximeter task edit merge puts tasks together)")
    return _apply(db, EditKind.SPLIT, EditBody((turn.anchor,), is_on=False), turn.row)


def merge(db: sqlite3.Connection, into: str, others: list[str]) -> str:
    """Make other tasks part of this one."""
    if into in others or not others:
        raise EditError("name at least one other task to merge into the first")
    target = turn_of(db, into, 1)
    roots: list[Turn] = []
    for other in others:
        rows = {(row.session_id, row.prompt_uuid): row for row in turns_of(db, other)}
        starts = [key for key in part_roots(db, other) if key in rows]
        roots += [_turn(db, other, rows[key]) for key in starts[:1]]
    body = EditBody(tuple(root.anchor for root in roots), into=target.anchor)
    return _apply(db, EditKind.MERGE, body, target.row, *(root.row for root in roots))


def move(db: sqlite3.Connection, identity: str, number: int, target: str) -> str:
    """Put one turn on another task; what follows it stays where it is."""
    turn, into = turn_of(db, identity, number), turn_of(db, target, 1)
    if identity == target:
        raise EditError("the turn is on that task already")
    following = turn_after(db, turn.row.session_id, turn.row.ordinal)
    follower = None
    if following is not None and turn.row.prompt_uuid == turn.row.root and following.root == turn.row.root:
        follower = _turn(db, identity, following).anchor
    body = EditBody((turn.anchor,), into=into.anchor, follower=follower)
    return _apply(db, EditKind.MOVE, body, into.row, turn.row)


def undo(db: sqlite3.Connection) -> str | None:
    """Take back the last edit that is in force; what it did, or None if there is none."""
    standing = in_force(edits(db))
    if not standing:
        return None
    last, body = standing[-1]
    with transaction(db):
        add_edit(db, EditKind.UNDO, msgspec.json.encode(EditBody(undone=last.id)).decode())
        anchors = [
            *body.turns,
            *body.later,
            *body.earlier,
            *body.kept,
            *(one for one in (body.into, body.follower) if one is not None),
        ]
        keys = [find_turn(db, anchor) for anchor in anchors]
        mark_stale(db, {key[0] for key in keys if key is not None})
    rebuild(db)
    return "join" if last.kind == EditKind.SPLIT and not body.is_on else last.kind


def _turn(db: sqlite3.Connection, identity: str, row: TaskTurnRow) -> Turn:
    agent, native_id = sessions_of(db, identity)[row.session_id]
    return Turn(row, Anchor(agent, native_id, row.prompt_uuid, decode_facts(row.facts).anchors))


def _about_task(db: sqlite3.Connection, identity: str, kind: str, body: EditBody) -> str:
    """Apply an edit to the task as it is now: what is said of its first turn holds for those that go on with it."""
    first = turn_of(db, identity, 1)
    others = [row for row in turns_of(db, identity) if row.prompt_uuid != row.root]
    kept = tuple(_turn(db, identity, row).anchor for row in others)
    return _apply(db, kind, msgspec.structs.replace(body, turns=(first.anchor,), kept=kept), first.row, *others)


def _apply(db: sqlite3.Connection, kind: str, body: EditBody, row: TaskTurnRow, *more: TaskTurnRow) -> str:
    """Store an edit, derive again, and return the id of the task that `row` is on now."""
    session_ids = {row.session_id, *(one.session_id for one in more)}
    with transaction(db):
        if kind in _ABOUT_STARTS:
            body = msgspec.structs.replace(body, seen=_seen(db, kind, body, session_ids), features=FEATURES)
        add_edit(db, kind, msgspec.json.encode(body).decode())
        mark_stale(db, session_ids)
    rebuild(db)
    return task_of_turn(db, row.session_id, row.prompt_uuid) or row.task_id


def _seen(db: sqlite3.Connection, kind: str, body: EditBody, session_ids: set[int]) -> tuple[Seen, ...]:
    """What this edit says about the decisions of its sessions: labels for the user's own weights."""
    standing = edits(db)
    edit = EditRow(standing[-1].id + 1 if standing else 1, 0, kind, msgspec.json.encode(body).decode())
    then, now = read_overlay(db), read_overlay(db, edit)
    own = own_weights_in_use(db)
    weights = own.weights if own else WEIGHTS
    about = {find_turn(db, anchor) for anchor in (*body.turns, *((body.follower,) if body.follower else ()))}
    seen: list[Seen] = []
    for session_id in sorted(session_ids):
        records = load_session(db, session_id)
        turns, session = arrange(records).turns, records.session
        before, after = said_in(session_id, turns, then), said_in(session_id, turns, now)
        old, new = (
            decide(turns, session.agent, one, weights=weights, is_whole=session.teammate is not None)
            for one in (before, after)
        )
        words = {turn.index for turn in turns if turn.index in after and (session_id, turn.row.prompt_uuid) in about}
        seen += seen_decisions(session.native_id, turns, old, new, words)
    return tuple(seen)
