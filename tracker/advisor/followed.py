"""Decides whether a nudge was followed (MODEL section 7.6): its action must come within three calls."""

import sqlite3

from store import nudges as log
from store.nudges import NudgeRow
from store.reads import live_session as live
from store.records import EventKind
from store.task_rows import EventRow
from tracker.model.advice.delivery import was_followed
from tracker.model.advice.nudge import NudgeKind
from tracker.model.defaults import DAY_MS

# Kinds whose action shows in the records.
COMPACTING = frozenset({NudgeKind.COMPACT, NudgeKind.BEFORE_EXPIRY, NudgeKind.COLD_RESUME})
_STARTING_OVER = frozenset({NudgeKind.NEW_SESSION, NudgeKind.COLD_RESUME})
OBSERVED = tuple(sorted(COMPACTING | _STARTING_OVER))
_UNDECIDED_FOR_MS = 2 * DAY_MS
BY_ITSELF = "auto"  # detail of an automatic compaction


def settle_followed(db: sqlite3.Connection, now: int) -> None:
    """Settle recently shown nudges as followed or not, as far as the records tell."""
    for nudge in log.without_outcome(db, OBSERVED, now - _UNDECIDED_FOR_MS):
        verdict = _verdict(db, nudge)
        if verdict is not None:
            log.set_followed(db, nudge.id, followed=verdict)


def _verdict(db: sqlite3.Connection, nudge: NudgeRow) -> bool | None:
    """Whether it was followed; None until the action, or enough calls without it, are recorded."""
    shown_at = nudge.shown_at or 0
    later = [call for call in live.main_calls(db, nudge.session_id) if call.started_at > shown_at]
    marks = [mark for mark in live.marks(db, nudge.session_id) if (mark.at or 0) > shown_at and _is_action(mark, nudge)]
    calls_until = [sum(call.position < mark.position for call in later) for mark in marks]
    if nudge.kind in _STARTING_OVER and nudge.project is not None:
        began_at = live.next_start(db, nudge.project, shown_at, besides=nudge.session_id)
        if began_at is not None:
            calls_until.append(sum(call.started_at < began_at for call in later))
    if was_followed(min(calls_until, default=None)):
        return True
    return None if was_followed(len(later)) else False


def _is_action(mark: EventRow, nudge: NudgeRow) -> bool:
    """Whether the nudge asked for this compaction or cleared context."""
    if mark.kind == EventKind.COMPACT:
        return mark.detail != BY_ITSELF and nudge.kind in COMPACTING
    return mark.kind == EventKind.CLEAR and nudge.kind in _STARTING_OVER
