"""Stores an edit and rebuilds the sessions it touches, so that exactly the edit's turns change their task.

Placing one turn expresses most edits. Turns that are linked to it or follow it get placements that keep them.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from store.ledger import transaction
from store.reads.tasks import sessions_of, task_of_turn, turns_of, turns_of_sessions
from store.records import TurnKind
from store.task_edits import add_edit, complete_edit, edits
from store.task_rows import EditRow, TaskTurnRow
from store.tasks import load_session, mark_stale
from tracker.model.tasks.boundaries import WEIGHTS, decide
from tracker.model.tasks.boundary_fit import FEATURES, seen_decisions
from tracker.model.tasks.edits import ABOUT_STARTS, Anchor, EditBody, Overlay, Seen, StoredPlacement, TurnKey
from tracker.model.tasks.placing import TurnSlot, is_same_grouping, placements
from tracker.model.tasks.session_tasks import decode_facts, local_placements
from tracker.model.tasks.task import task_id
from tracker.model.tasks.turns import arrange
from tracker.rebuild import find_turn, own_weights_in_use, read_overlay, rebuild

A_NEW_TASK = ""  # its id comes from its first turn


class Regrouping(NamedTuple):
    """Which turns go to which task; `tasks` are the affected tasks before the edit."""

    leaving: frozenset[TurnKey]
    onto: str
    tasks: frozenset[str]


def regroup(db: sqlite3.Connection, kind: str, body: EditBody, of: TaskTurnRow, change: Regrouping) -> str:
    """Apply an edit that moves exactly the turns in `change`; returns the id of the task that `of` is on afterwards.

    A task keeps its title, status and exclusion when turns leave it or join it.
    """
    sessions = {key: names for identity in change.tasks for key, names in sessions_of(db, identity).items()}
    rows = sorted(turns_of_sessions(db, sessions), key=lambda row: (row.at, row.session_id, row.ordinal))
    anchors = {key_of_turn(row): anchor_of(row, *sessions[row.session_id]) for row in rows}
    naming = {identity: naming_turn(db, identity) for identity in change.tasks}
    if change.onto != A_NEW_TASK:
        body = _without_names(body, rows, anchors, change, read_overlay(db))
    edit_id, body = apply(db, kind, body, {of.session_id, *(session_id for session_id, _ in change.leaving)})
    overlay = read_overlay(db)
    rows = [row for row in rows if row.kind != TurnKind.NOTIFICATION or key_of_turn(row) in overlay.placements]
    wanted = {(key := key_of_turn(row)): change.onto if key in change.leaving else row.task_id for row in rows}
    if not is_same_grouping(wanted, {key_of_turn(row): row.task_id for row in turns_of_sessions(db, sessions)}):
        placed = _placed(rows, wanted, anchors, _first_turns(wanted, naming, change), overlay)
        with transaction(db):
            complete_edit(db, edit_id, encode_body(msgspec.structs.replace(body, placed=placed)))
            mark_stale(db, sessions)
        rebuild(db)
    return task_of_turn(db, *key_of_turn(of)) or of.task_id


def apply(db: sqlite3.Connection, kind: str, body: EditBody, session_ids: set[int]) -> tuple[int, EditBody]:
    """Store an edit and rebuild these sessions; returns the edit's id and the body as stored."""
    with transaction(db):
        if kind in ABOUT_STARTS:
            body = msgspec.structs.replace(body, seen=_seen(db, kind, body, session_ids), features=FEATURES)
        edit_id = add_edit(db, kind, encode_body(body))
        mark_stale(db, session_ids)
    rebuild(db)
    return edit_id, body


def key_of_turn(row: TaskTurnRow) -> TurnKey:
    """Key of a turn in the ledger."""
    return row.session_id, row.prompt_uuid


def anchor_of(row: TaskTurnRow, agent: str, native_id: str) -> Anchor:
    """Permanent name of a turn, from its session's agent and native id."""
    return Anchor(agent, native_id, row.prompt_uuid, decode_facts(row.facts).anchors)


def encode_body(body: EditBody) -> str:
    """JSON form of an edit, as stored."""
    return msgspec.json.encode(body).decode()


def naming_turn(db: sqlite3.Connection, identity: str) -> TurnKey:
    """The turn that the task's id is made from."""
    sessions, rows = sessions_of(db, identity), turns_of(db, identity)
    named = (row for row in rows if task_id(*sessions[row.session_id], row.prompt_uuid) == identity)
    return key_of_turn(next(named, rows[0]))


def _without_names(
    body: EditBody,
    rows: Iterable[TaskTurnRow],
    anchors: Mapping[TurnKey, Anchor],
    change: Regrouping,
    overlay: Overlay,
) -> EditBody:
    """The edit with the leaving turns that carry their task's attributes, and the staying turn that inherits them."""
    unnamed: list[Anchor] = []
    staying: list[Anchor] = []
    for row in rows:
        key = key_of_turn(row)
        if key in change.leaving and (key in overlay.attributes or row.prompt_uuid == row.root):
            unnamed.append(anchors[key])
        elif key not in change.leaving and row.task_id in change.tasks - {change.onto}:
            staying.append(anchors[key])
    return msgspec.structs.replace(body, unnamed=tuple(unnamed), heir=staying[0] if staying else None)


def _first_turns(
    wanted: Mapping[TurnKey, str], naming: Mapping[str, TurnKey], change: Regrouping
) -> dict[str, TurnKey]:
    """The turn to name each task after: its present one if that stays on the task, else the earliest."""
    named = {key: identity for identity, key in naming.items()}
    found: dict[str, TurnKey] = {}
    for key, task in wanted.items():
        if task in change.tasks or task == A_NEW_TASK:
            keeps_name = task == named.get(key) or (key in named and task == A_NEW_TASK)
            found[task] = key if keeps_name else found.get(task, key)
    return found


def _placed(
    rows: Iterable[TaskTurnRow],
    wanted: Mapping[TurnKey, str],
    anchors: Mapping[TurnKey, Anchor],
    first_of: Mapping[str, TurnKey],
    overlay: Overlay,
) -> tuple[StoredPlacement, ...]:
    sessions: dict[int, list[TurnSlot]] = {}
    for row in sorted(rows, key=lambda row: row.ordinal):
        key = key_of_turn(row)
        placement = overlay.placements.get(key)
        kind = placement.kind if placement is not None else "continue"
        slot = TurnSlot(key, wanted[key], is_alone=kind == "move", is_placed=kind != "continue")
        sessions.setdefault(row.session_id, []).append(slot)
    turns_of: dict[tuple[str, TurnKey | None], list[Anchor]] = {}
    for placed in placements(sessions.values(), first_of):
        turns_of.setdefault((placed.kind, placed.target), []).append(anchors[placed.key])
    return tuple(
        StoredPlacement(kind, tuple(turns), anchors[target] if target is not None else None)
        for (kind, target), turns in turns_of.items()
    )


def _seen(db: sqlite3.Connection, kind: str, body: EditBody, session_ids: set[int]) -> tuple[Seen, ...]:
    """What this edit says about its sessions' boundary decisions: labels for fitting the user's own weights."""
    stored = edits(db)
    edit = EditRow(stored[-1].id + 1 if stored else 1, kind, encode_body(body))
    then, now = read_overlay(db), read_overlay(db, edit)
    own = own_weights_in_use(db)
    weights = own.weights if own else WEIGHTS
    about = {find_turn(db, anchor) for anchor in body.turns}
    seen: list[Seen] = []
    for session_id in sorted(session_ids):
        records = load_session(db, session_id)
        turns, session = arrange(records), records.session
        before, after = local_placements(session_id, turns, then), local_placements(session_id, turns, now)
        old, new = (
            decide(turns, session.agent, one, weights=weights, is_whole=session.teammate is not None)
            for one in (before, after)
        )
        edited = {turn.index for turn in turns if turn.index in after and (session_id, turn.row.prompt_uuid) in about}
        seen += seen_decisions(session.native_id, turns, old, new, edited)
    return tuple(seen)
