"""Updates the advice on active sessions after each ingest, in a few milliseconds per session.

Derived tables must be up to date (tracker.rebuild). Several processes may advise at once: the same evaluation has the
same row in the log and the same token in the advice file, whichever process makes it.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from store import nudges as log
from store.advice_format import Advice, Today
from store.ledger import transaction
from store.nudges import NudgeRow
from store.prices import stored_prices
from store.reads import live_session as live
from store.reads.filter import Filter
from store.reads.habits import agents_on_record
from store.reads.live_session import ActiveSession
from store.reads.spend import spend_total
from store.tasks import floors
from tracker.advisor.advice import advice_nudge, budget_block, day_end_ms, local_day
from tracker.advisor.assessment import Assessment, assess
from tracker.advisor.billing import billing_of, is_on_plan
from tracker.advisor.evaluate import (
    TURN_MOMENTS,
    Moment,
    evaluate_pause,
    evaluate_prompt,
    evaluate_resume,
    evaluate_turn,
)
from tracker.advisor.followed import settle_followed
from tracker.advisor.habits import HABITS_TTL_MS, Habits, cached_habits, measure_habits
from tracker.advisor.log import decided_rows, log_entries
from tracker.advisor.preferences import PreferenceReader, Preferences
from tracker.advisor.state import SessionState, load_state
from tracker.model.advice.nudge import NudgeKind
from tracker.model.cost.rates import Rates
from tracker.model.defaults import DAY_MS, DEFAULTS, HOUR_MS


class AdviceFiles(Protocol):
    """Writes advice where hooks and status line read it."""

    def shown(self, session: str) -> Mapping[str, int]:
        """Nudges of a session that were shown: token -> epoch ms."""
        ...

    def write(self, session: str, advice: Advice) -> bool:
        """Replace a session's advice."""
        ...

    def write_today(self, today: Today) -> None:
        """Replace today's spend."""
        ...


class DueNudge(NamedTuple):
    """A nudge to show now."""

    session: str
    project: str | None
    title: str | None
    kind: str
    text: str
    token: str


class _Open(NamedTuple):
    """A session's chosen nudges, as in its advice file."""

    native_id: str
    project: str | None
    title: str | None
    is_waiting: bool
    nudges: list[NudgeRow]


class _SharedInputs(NamedTuple):
    """Inputs that the advice on all sessions shares."""

    preferences: Preferences
    day: str
    is_day_used_up: bool
    dismissed_at: int | None  # time of the latest dismissal, so that one made in another process takes effect here


class Advisor:
    """The advisor of one process. Not thread-safe."""

    def __init__(self, files: AdviceFiles, *, measure_immediately: bool = False, began: int = 0) -> None:
        """`measure_immediately`: if habits were never measured, measure them before the first advice (up to 0.5 s).

        `began`: nudges shown by then (epoch ms) are not shown again; default: the time of the first refresh.
        """
        self._files = files
        self._measure_immediately = measure_immediately
        self._reader = PreferenceReader()
        self._seen: dict[int, ActiveSession] = {}
        self._open: dict[int, _Open] = {}
        self._shared: _SharedInputs | None = None
        self._announced: set[str] = set()
        self._began = began
        self._habits: dict[str, tuple[Habits, int]] = {}  # with the time they were loaded
        self._due_habits: set[str] = set()  # agents whose habits are stale
        self._asked_at: int | None = None  # when all agents' habits were last checked
        self._thinned_at = 0

    @property
    def preferences(self) -> Preferences:
        """The current settings that advice depends on."""
        return self._reader.read()

    def refresh(self, db: sqlite3.Connection, now: int) -> list[DueNudge]:
        """Advise on every session whose records changed; returns the nudges to show now."""
        changed = False
        self._began = self._began or now
        self._take_marks(db)
        shared = self._shared_inputs(db, now)
        if shared != self._shared:
            self._seen.clear()
            self._shared = shared
        for session in live.active_sessions(db, now - DEFAULTS.return_window_ms):
            if self._seen.get(session.id) == session:
                continue
            self._advise(db, session.id, shared.preferences, now)
            self._seen[session.id] = session
            changed = True
        if changed:
            settle_followed(db, now)
            spent = spend_total(db, Filter(shared.day, shared.day))
            self._files.write_today(
                Today(today_cost_nano=spent.cost, today_is_floor=spent.floor > 0, today_ends_at=day_end_ms(now))
            )
        return self._due(now)

    def work_while_idle(self, db: sqlite3.Connection, now: int) -> bool:
        """Do one piece of deferred work: measure stale habits or prune the log. False if there is none.

        Checks the habits of every recorded agent on the first call and then hourly, so that a dashboard opened
        before the day's first session shows figures based on the user's own habits.
        """
        if self._asked_at is None or not 0 <= now - self._asked_at < HOUR_MS:
            self._asked_at = now
            self._due_habits |= {agent for agent in agents_on_record(db) if cached_habits(db, agent, now)[1]}
        if self._due_habits:
            agent = self._due_habits.pop()
            self._habits[agent] = measure_habits(db, agent, now), now
            return True
        if now - self._thinned_at > DAY_MS:
            self._thinned_at = now
            return log.prune_unfired(db, now) > 0
        return False

    def note_shown(self, db: sqlite3.Connection, nudges: Sequence[DueNudge], now: int) -> None:
        """Record that the user was shown these."""
        for nudge in nudges:
            log.mark_shown(db, nudge.session, nudge.token, now)

    def _shared_inputs(self, db: sqlite3.Connection, now: int) -> _SharedInputs:
        preferences, day = self._reader.read(), local_day(now)
        budget = preferences.day_budget if preferences.hard_stop else None
        is_used_up = budget is not None and _day_cost(db, day) >= budget
        return _SharedInputs(preferences, day, is_used_up, log.last_dismissed_at(db))

    # -- one session ------------------------------------------------------------------------------------------------

    def _advise(self, db: sqlite3.Connection, session_id: int, preferences: Preferences, now: int) -> None:
        state = load_state(db, session_id, floors(db))
        assessment = self._assess(db, state, preferences, now) if state is not None else None
        nudges = self._evaluate(db, assessment, preferences) if assessment is not None else []
        if state is not None:
            facts, is_waiting, task = state.session, state.is_waiting, state.task
        else:  # before its first call
            facts, is_waiting, task = live.live_session(db, session_id), True, None
        old = [nudge for nudge in nudges if nudge.shown_at is not None and nudge.shown_at <= self._began]
        self._announced.update(nudge.token for nudge in old)
        self._open[session_id] = _Open(facts.native_id, facts.project, facts.title, is_waiting, nudges)
        task_cost = task.cost if task is not None else None
        day_cost = _day_cost(db, local_day(now))
        filed = [advice_nudge(nudge, is_waiting=is_waiting) for nudge in nudges if nudge.dismissed_at is None]
        self._files.write(
            facts.native_id,
            Advice(
                nudge=filed[0] if filed else None,  # the current one
                pending=filed[1:],
                block=budget_block(preferences, day_cost, task_cost, now),
                task_cost_nano=task_cost,
                task_is_floor=task is not None and task.floor > 0,
                compact_at_tokens=_shown_level(assessment, preferences),
                api_equivalent=is_on_plan(facts, preferences),
            ),
        )

    def _assess(
        self, db: sqlite3.Connection, state: SessionState, preferences: Preferences, now: int
    ) -> Assessment | None:
        """None if the latest call has no price: nothing can be weighed then."""
        price = next((one for one in stored_prices(db) if one.id == state.last.price_id), None)
        if price is None:
            return None
        habits = self._habits_with(db, state.session.agent, now)
        billing = billing_of(state.session, preferences, habits)
        return assess(state, habits, Rates.from_price(price), billing, quiet=preferences.quiet)

    def _habits_with(self, db: sqlite3.Connection, agent: str, now: int) -> Habits:
        """The user's cached habits with an agent; stale ones are queued for `work_while_idle`."""
        known = self._habits.get(agent)
        if known is not None and 0 <= now - known[1] < HABITS_TTL_MS:
            return known[0]
        habits, is_due = cached_habits(db, agent, now)
        if is_due and not habits.calls and self._measure_immediately:
            habits, is_due = measure_habits(db, agent, now), False
        if is_due:
            self._due_habits.add(agent)
        self._habits[agent] = habits, now
        return habits

    def _evaluate(self, db: sqlite3.Connection, assessment: Assessment, preferences: Preferences) -> list[NudgeRow]:
        """Evaluate the nudges of this moment, log them, and return the chosen ones, current ones first."""
        state = assessment.state
        session_id = state.session.id
        chosen = self._marked(db, state.session.native_id, log.chosen_nudges(db, session_id))
        current = [row for row in chosen if row.anchor == state.anchor and row.moment in TURN_MOMENTS]
        is_shown = any(row.shown_at is not None for row in current)
        rows = [] if state.was_reset else _decided(db, assessment, preferences, chosen, is_shown=is_shown)
        if state.is_waiting or state.awaits_answer or current or any(row.chosen for row in rows):
            with transaction(db):
                until = state.turn.at if state.turn is not None else state.last.started_at
                log.forget_undue(db, session_id, until, state.last.message_id)
                log.put_evaluations(db, rows)
        if state.was_reset:
            return []
        held = log.nudges_of(db, session_id, [state.anchor, state.last.message_id])
        # Once calls answer a prompt, the turn's own evaluation replaces the prompt's.
        held = [row for row in held if row.chosen and row.kind in preferences.enabled]
        picked = [row for row in held if row.moment != Moment.PROMPT or state.awaits_answer]
        return sorted(picked, key=lambda row: (row.moment not in TURN_MOMENTS, row.due_at))

    # -- nudges shown and due ---------------------------------------------------------------------------------------

    def _take_marks(self, db: sqlite3.Connection) -> None:
        """Record which nudges hooks have shown since the last refresh."""
        for session_id, session in self._open.items():
            self._open[session_id] = session._replace(nudges=self._marked(db, session.native_id, session.nudges))

    def _marked(self, db: sqlite3.Connection, session: str, nudges: list[NudgeRow]) -> list[NudgeRow]:
        """The nudges, with those that hooks have shown marked as shown, also in the log."""
        if all(nudge.shown_at is not None for nudge in nudges):
            return nudges
        shown = self._files.shown(session)
        made = []
        for nudge in nudges:
            at = shown.get(nudge.token)
            if nudge.shown_at is None and at is not None:
                log.mark_shown(db, session, nudge.token, at)
                nudge = nudge._replace(shown_at=at)
            made.append(nudge)
        return made

    def _due(self, now: int) -> list[DueNudge]:
        """Nudges due since the last call. Those for a resumed session are left to the hooks."""
        due: list[DueNudge] = []
        for one in self._open.values():
            for nudge in one.nudges:
                is_open = nudge.due_at <= now < nudge.expires_at and nudge.dismissed_at is None
                has_ended = one.is_waiting and nudge.moment in TURN_MOMENTS
                is_now = has_ended or nudge.moment in (Moment.PROMPT, Moment.IDLE)
                if is_open and is_now and nudge.token not in self._announced:
                    text = nudge.text or ""
                    due.append(DueNudge(one.native_id, one.project, one.title, nudge.kind, text, nudge.token))
        self._announced.update(nudge.token for nudge in due)
        return due


def _decided(
    db: sqlite3.Connection,
    assessment: Assessment,
    preferences: Preferences,
    chosen: Sequence[NudgeRow],
    *,
    is_shown: bool,
) -> list[NudgeRow]:
    """The nudges of this turn or prompt, unless one `is_shown` already, and those of the pause after the turn."""
    state = assessment.state
    shown = log.shown_or_dismissed(db, state.last.last_at)
    entries = log_entries(shown, log.kind_choices(db))
    rows: list[NudgeRow] = []
    if not is_shown and not state.awaits_answer:
        rows = decided_rows(assessment, evaluate_turn(assessment, shown, chosen), entries, preferences)
    elif not is_shown and not state.is_waiting:
        rows = decided_rows(assessment, evaluate_prompt(assessment, chosen), entries, preferences)
    if state.is_waiting:
        # Nudges about to be shown at this turn's end count as shown when the pause is over.
        entries += log_entries([row._replace(shown_at=row.due_at) for row in rows if row.chosen], ())
        for evaluations in (evaluate_resume(assessment), evaluate_pause(assessment, shown, preferences.enabled)):
            rows += decided_rows(assessment, evaluations, entries, preferences)
    return rows


def _shown_level(assessment: Assessment | None, preferences: Preferences) -> int | None:
    """The compact level in tokens, if nudges about compacting are allowed."""
    if assessment is None or NudgeKind.COMPACT not in preferences.enabled:
        return None
    return round(assessment.level) if assessment.situation.billing.permits(NudgeKind.COMPACT) else None


def _day_cost(db: sqlite3.Connection, day: str) -> int:
    return spend_total(db, Filter(day, day)).cost
