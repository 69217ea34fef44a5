"""Derives tasks, splits and misses from the records of changed sessions (DESIGN section 2).

Each group of sessions is one transaction: its rows, the links between sessions, the sums of every affected task. The
result depends only on the records, the user's edits and whether the settings let edits change the weights, never on
the order of arrival: a full rebuild gives the same rows.
"""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from store import repositories, task_edits
from store import tasks as stored
from store.ledger import transaction
from store.meta import meta_value, set_meta_value
from store.prices import stored_prices
from store.reads.tasks import turns_of_sessions, turns_of_tasks
from store.task_rows import EditRow, PartRow, TaskRow, TaskTurnRow
from tracker.clock import now_ms
from tracker.git_log import git_facts, read_new_commits, store_commits
from tracker.hidden_spend import hidden_spend
from tracker.model.cache.miss_causes import Cause
from tracker.model.cost.rates import Rates
from tracker.model.defaults import DAY_MS
from tracker.model.tasks import word_weights
from tracker.model.tasks.boundaries import WEIGHTS, Weights
from tracker.model.tasks.boundary_fit import OwnWeights, own_weights
from tracker.model.tasks.edits import Anchor, Overlay, TurnKey, build_overlay, in_force
from tracker.model.tasks.links import (
    APPROVAL_MS,
    LINK_BRANCH,
    LINK_PLAN,
    LINK_TEAM,
    PLAN_WAITS_MS,
    PartKey,
    continued,
    files_by_part,
    is_default_branch,
    key_of,
    leads_of,
)
from tracker.model.tasks.session_tasks import LINK_FORK, decode_facts, model_session
from tracker.model.tasks.task import HiddenTotal, resolve_root, task_id, task_row
from tracker.settings import SettingsError, usable_settings

_GROUP_SESSIONS = 150
# Increase the number when the same records would give other tasks: a newer version then rebuilds everything.
_RULES = hash((11, WEIGHTS, word_weights.stamp()))
_FLOOR_CAUSES = (Cause.SYSTEM, Cause.MESSAGES, Cause.PAUSE, Cause.LOOK_BACK, Cause.UNKNOWN)
_GIT_WINDOW_MS = 90 * DAY_MS
_FIT = "boundary_fit"


class _Fit(NamedTuple):
    """Fitted weights; `stamp` identifies the edits, rules and setting they were fitted from."""

    stamp: str
    own: OwnWeights | None
    rules: int = 0


_decode_fit = msgspec.json.Decoder(_Fit).decode


def rebuild(db: sqlite3.Connection, on_progress: Callable[[int, int], None] | None = None) -> int:
    """Bring the derived tables up to date with the records, the edits and the repositories.

    `on_progress` gets the number of sessions done and in total. Returns the number of sessions rebuilt.
    """
    count = 0
    _fit_weights(db)
    while stored.has_stale_sessions(db):
        with transaction(db):
            stale = stored.stale_sessions(db)
            if not stale:
                break  # another process rebuilt them first
            if on_progress is not None:
                on_progress(count, count + len(stale))
            overlay = read_overlay(db)  # read for each group: another process may store an edit in between
            own = own_weights_in_use(db)
            weights = own.weights if own is not None else WEIGHTS
            count += _rebuild_group(db, _group(db, stale[:_GROUP_SESSIONS], overlay), overlay, weights)
    _update_commits(db)
    return count


def own_weights_in_use(db: sqlite3.Connection) -> OwnWeights | None:
    """The weights fitted to the user's corrections that tasks are derived with; None for the shipped ones."""
    return _last_fit(db).own


def _last_fit(db: sqlite3.Connection) -> _Fit:
    try:
        return _decode_fit(meta_value(db, _FIT) or "")
    except msgspec.DecodeError:  # none stored yet, or by a version with other features
        return _Fit("", None)


def _fit_weights(db: sqlite3.Connection) -> None:
    """Refit the weights if an edit or the setting changed; mark sessions stale if the weights or the rules changed."""
    known = _last_fit(db)
    may_fit = _may_fit(known)
    stamp = f"{task_edits.edit_stamp(db)}:{_RULES}:{may_fit}"
    if stamp == known.stamp:
        return
    own = own_weights([body for _, body in in_force(task_edits.edits(db))]) if may_fit else None
    with transaction(db):
        set_meta_value(db, _FIT, msgspec.json.encode(_Fit(stamp, own, _RULES)).decode())
        if known.rules != _RULES:
            stored.mark_all_stale(db)
        elif own != known.own:
            task_edits.mark_scored_sessions(db)


def _may_fit(known: _Fit) -> bool:
    """Whether the settings allow fitting; if they cannot be read, as at the last fit."""
    try:
        return usable_settings()[0].tasks.own_weights
    except SettingsError:
        return not known.stamp.endswith("False")


def read_overlay(db: sqlite3.Connection, *more: EditRow) -> Overlay:
    """The user's edits (and `more`) and the small model's suggestions, resolved to turns in the ledger."""
    return build_overlay(
        [*task_edits.edits(db), *more], task_edits.suggestions(db), lambda anchor: find_turn(db, anchor)
    )


def find_turn(db: sqlite3.Connection, anchor: Anchor) -> TurnKey | None:
    """The turn that an anchor names: the one its calls are in now, else the one of its prompt."""
    for message_id in anchor.calls:
        found = task_edits.turn_of_call(db, message_id)
        if found is not None:
            return found[0], found[1] or anchor.prompt
    session_id = task_edits.session_of(db, anchor.agent, anchor.session)
    return None if session_id is None else (session_id, anchor.prompt)


def _group(db: sqlite3.Connection, stale: list[int], overlay: Overlay) -> list[int]:
    """The stale sessions, and all sessions that an edit or a fork ties to them."""
    group = set(stale)
    pairs = overlay.linked_sessions()
    while True:
        more = {other for pair in pairs for other in pair if group & set(pair)} | stored.related_sessions(db, group)
        if more <= group:
            return sorted(group)
        group |= more


def _rebuild_group(db: sqlite3.Connection, session_ids: list[int], overlay: Overlay, weights: Weights) -> int:
    rates = {price.id: Rates.from_price(price) for price in stored_prices(db)}
    floors = stored.floors(db)
    before = stored.parts_of_sessions(db, session_ids)
    keys: set[tuple[str, str]] = set()
    for session_id in session_ids:
        keys |= stored.cold_keys(db, session_id)
        model = model_session(stored.load_session(db, session_id), rates, floors, overlay, weights)
        stored.replace_session(db, session_id, model.turns, model.parts, model.splits, model.cold_reads)
        keys |= {(name, version) for name, version, _ in model.cold_reads}
    stored.refresh_floors(db, sorted(keys), _FLOOR_CAUSES)
    after = stored.parts_of_sessions(db, session_ids)
    for changed_links in (_team_links, _plan_links, _restored_links):
        changed = list(changed_links(db, session_ids))
        stored.set_links(db, changed)
        after += changed
    _link_branches(db, before, after)
    _assign_tasks(db, session_ids, {part.task_id for part in before}, overlay)
    return len(session_ids)


# -- links between sessions -------------------------------------------------------------------------------------------


def _team_links(db: sqlite3.Connection, session_ids: list[int]) -> Iterator[PartRow]:
    """Links from teammates' parts to the task their lead was on at that time; an edit or a fork takes precedence."""
    leads = leads_of(stored.team_sessions(db), set(session_ids))
    targets = {
        mate.id: (lead.id, stored.turn_at(db, lead.id, mate.began_at))
        for mate, lead in leads.items()
        if lead is not None
    }
    for part in stored.parts_of_sessions(db, [mate.id for mate in leads]):
        lead_id, turn = targets.get(part.session_id, (None, None))
        if turn is not None and part.link_kind in (None, LINK_BRANCH, LINK_TEAM):
            yield _linked(part, LINK_TEAM, lead_id, turn)
        elif turn is None and part.link_kind == LINK_TEAM:
            yield _linked(part)


def _plan_links(db: sqlite3.Connection, session_ids: list[int]) -> Iterator[PartRow]:
    """Links from parts that carry out an approved plan to the planning task; an edit or a fork takes precedence."""
    for session_id, prompt, planning, at in stored.plans_carried_out(
        db, session_ids, within_ms=APPROVAL_MS, waits_ms=PLAN_WAITS_MS
    ):
        part = stored.part_of_turn(db, session_id, prompt)
        turn = stored.turn_at(db, planning, at)
        if part is not None and turn is not None and part.link_kind in (None, LINK_BRANCH, LINK_PLAN):
            yield _linked(part, LINK_PLAN, planning, turn)


def _restored_links(db: sqlite3.Connection, session_ids: list[int]) -> Iterator[PartRow]:
    """Links from a session that restored a checkpoint to the task it was taken from; an edit takes precedence."""
    for session_id, origin, at in stored.restored_sessions(db, session_ids):
        turn = stored.turn_at(db, origin, at)
        for part in stored.parts_of_sessions(db, [session_id]):
            if turn is not None and part.opens_session and part.link_kind in (None, LINK_BRANCH):
                yield _linked(part, LINK_FORK, origin, turn)


def _link_branches(db: sqlite3.Connection, before: list[PartRow], after: list[PartRow]) -> None:
    """Relink the parts on the affected branches to the earlier parts they continue in other sessions."""
    sessions = stored.sessions_by_id(db, {part.session_id for part in (*before, *after)})
    touched = {(sessions[part.session_id].project, part.branch) for part in (*before, *after)}
    for project, branch in sorted(touched, key=str):
        if project is None or branch is None or is_default_branch(branch):
            continue
        parts = stored.parts_on_branch(db, project, branch)
        session_ids = {part.session_id for part in parts}
        found: dict[PartKey, PartRow] = {}
        if len(session_ids) > 1:
            found = continued(parts, files_by_part(stored.facts_of_sessions(db, session_ids)))
        changed = []
        for part in parts:
            target = found.get(key_of(part))
            new = _linked(part, LINK_BRANCH, target.session_id, target.root) if target else _linked(part)
            if part.link_kind in (None, LINK_BRANCH) and new != part:
                changed.append(new)
        stored.set_links(db, changed)


def _linked(part: PartRow, kind: str | None = None, session_id: int | None = None, turn: str | None = None) -> PartRow:
    """The part with this link, or without a link."""
    return part._replace(link_kind=kind, link_session_id=session_id, link_turn=turn)


def _assign_tasks(db: sqlite3.Connection, session_ids: list[int], old_ids: set[str], overlay: Overlay) -> None:
    """Assign each part its task, and recompute the tasks that gained or lost parts."""
    touched = set(old_ids)
    parts = {key_of(part): part for part in stored.parts_of_sessions(db, session_ids)}
    for part in stored.parts_of_tasks(db, old_ids):
        parts.setdefault(key_of(part), part)
    frontier = list(parts.values())
    while frontier:
        following = stored.parts_linked_into(db, {part.session_id for part in frontier})
        frontier = [part for part in following if key_of(part) not in parts]
        parts.update((key_of(part), part) for part in frontier)
    targets: dict[PartKey, PartRow] = {}
    for part in parts.values():
        _follow(db, part, targets)
    facts = stored.sessions_by_id(db, {part.session_id for part in (*parts.values(), *targets.values())})
    for part in parts.values():
        root = resolve_root(part, targets)
        session = facts[root.session_id]
        identity = task_id(session.agent, session.native_id, root.root)
        touched |= {part.task_id, identity}
        if identity != part.task_id:
            stored.set_task(db, part, identity)
    recompute_tasks(db, touched, overlay)


def _follow(db: sqlite3.Connection, part: PartRow, targets: dict[PartKey, PartRow]) -> None:
    """Add the part's link target to `targets`, and so on to the end of the chain of links."""
    while part.link_session_id is not None and part.link_turn is not None and key_of(part) not in targets:
        target = stored.part_of_turn(db, part.link_session_id, part.link_turn)
        if target is None or key_of(target) == key_of(part):
            return
        targets[key_of(part)] = target
        part = target


# -- sums of tasks ----------------------------------------------------------------------------------------------------


def recompute_tasks(db: sqlite3.Connection, task_ids: Iterable[str], overlay: Overlay) -> None:
    """Recompute these tasks from their turns; a task without turns is deleted."""
    wanted = set(task_ids)
    by_task: dict[str, list[TaskTurnRow]] = {}
    for turn in turns_of_tasks(db, wanted):
        by_task.setdefault(turn.task_id, []).append(turn)
    session_ids = {turn.session_id for turns in by_task.values() for turn in turns}
    sessions = stored.sessions_by_id(db, session_ids)
    counts = stored.tasks_per_session(db, session_ids)
    hidden = session_hidden(db, list(session_ids))
    hidden_totals = _hidden_totals(db, hidden)
    rows: list[TaskRow] = []
    for identity, turns in by_task.items():
        members = {turn.session_id for turn in turns}
        alone = all(counts[member] == 1 for member in members)
        known = [hidden.get(member) for member in members]
        rows.append(
            task_row(
                identity,
                turns,
                sessions,
                overlay=overlay,
                git=git_facts(db, turns),
                hidden=sum(cost or 0 for cost in known) if alone and None not in known else None,
                hidden_totals=hidden_totals,
                owns_its_sessions=alone,
            )
        )
    stored.replace_tasks(db, wanted - set(by_task), rows)


def session_hidden(db: sqlite3.Connection, session_ids: list[int]) -> Mapping[int, int | None]:
    """Hidden spend by session, nano-dollars: None if the client's counter is unreliable, no entry without a counter."""
    counted = stored.sessions_with_totals(db, session_ids)
    if not counted:
        return {}
    return {row.session_id: row.cost for row in hidden_spend(db, counted).rows}


def _hidden_totals(db: sqlite3.Connection, hidden: Mapping[int, int | None]) -> dict[int, HiddenTotal]:
    """Known hidden spend by session, with the sums used to divide it among the session's turns."""
    totals = {session_id: HiddenTotal(cost, 0, 0) for session_id, cost in hidden.items() if cost is not None}
    for turn in turns_of_sessions(db, totals):
        cost, modelled, recorded = totals[turn.session_id]
        modelled += decode_facts(turn.facts).unrecorded
        totals[turn.session_id] = HiddenTotal(cost, modelled, recorded + turn.cost)
    return totals


def _update_commits(db: sqlite3.Connection) -> None:
    """Store new commits, whoever made them, and recompute the tasks of their folders."""
    found = read_new_commits(db, repositories.recent_folders(db, now_ms() - _GIT_WINDOW_MS))
    if not found:
        return
    with transaction(db):
        changed = store_commits(db, found)
        if changed:
            recompute_tasks(db, repositories.tasks_of_folders(db, changed), read_overlay(db))
