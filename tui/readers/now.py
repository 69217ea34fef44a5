"""The Now screen's part: the session at work, its task, its context report, its latest calls."""

import sqlite3

from store.reads.board import costs_between, count_sessions, latest_sessions, recent_calls
from store.reads.live_session import latest_turns
from store.reads.tasks import task_row_of
from tracker.advisor.habits import cached_habits
from tracker.advisor.preferences import preferences_of
from tracker.model.defaults import HOUR_MS, MINUTE_MS
from tracker.reports.context import context_report, open_nudge
from tracker.settings import Settings
from tui.snapshot import NowPart

AT_WORK_MS = 15 * MINUTE_MS  # sessions without a record for longer are idle
MAX_SESSIONS = 12
_SHOWN_CALLS = 40


def read_now(db: sqlite3.Connection, wanted: str, now_ms: int, watched: int, settings: Settings) -> NowPart | None:
    """The part for the requested session while it is at work, otherwise for the latest; None in an empty ledger."""
    running = latest_sessions(db, now_ms - AT_WORK_MS, MAX_SESSIONS, now=now_ms, first=wanted)
    # Program runs must not hide the user's session while it is idle, just as when it is active.
    latest = latest_sessions(db, 0, 1, now=now_ms) if all(one.is_headless for one in running) else running[:1]
    if not latest:
        return None
    sessions = sorted({one.id: one for one in (*running, *latest)}.values(), key=lambda one: (one.started_at, one.id))
    session = next((one for one in sessions if one.native_id == wanted), latest[0])
    is_full = len(running) == MAX_SESSIONS
    known = count_sessions(db, now_ms - AT_WORK_MS, now=now_ms) if is_full else len(running)
    turns = latest_turns(db, session.id, 1)
    task_id = turns[-1].task_id if turns else None
    habits, _ = cached_habits(db, session.agent, now_ms)
    preferences = preferences_of(settings)
    return NowPart(
        sessions=tuple(sessions),
        session=session,
        unlisted=known - len(running),
        is_running=bool(running),
        task=task_row_of(db, task_id) if task_id else None,
        context=context_report(db, session.id, habits, preferences, now=now_ms),
        costs=tuple(costs_between(db, session.id, now_ms - HOUR_MS, now_ms)),
        calls=tuple(recent_calls(db, session.id, _SHOWN_CALLS)),
        nudge=open_nudge(db, session.id, preferences, now_ms),
        watched=watched,
        nudged=frozenset(one.id for one in sessions if one != session and open_nudge(db, one.id, preferences, now_ms)),
    )
