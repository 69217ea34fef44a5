"""Recorded sessions as the advisor would have seen them at each turn's end (MODEL section 8).

Habits are those of the weeks before. Static floors belong to a client's version and come from the whole history.
Nothing else from later is used.
"""

import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import NamedTuple

from store.money import component_nano
from store.reads import live_session as live
from store.reads.live_session import LiveCall, LiveTurn
from store.records import EventKind, ToolFlag
from tracker.advisor.assessment import Assessment, assess
from tracker.advisor.followed import BY_ITSELF
from tracker.advisor.habits import Habits, PastHabits
from tracker.advisor.state import COMPACTIONS, SessionState, load_state
from tracker.advisor.trigger import client_of, trigger_of, window_of
from tracker.clock import day_start_ms, local
from tracker.model.advice.backtest import Replay, ReplayCall
from tracker.model.advice.nudge import Billing
from tracker.model.cost.rates import PICO_PER_NANO, Rates, Tariff, has_cache
from tracker.model.defaults import TTL_5M_MS

_MAX_TURNS = 1_000_000
_BREAK_MS = TTL_5M_MS  # longer pauses do not count as activity
_END = 2**62


class RecordedCompaction(NamedTuple):
    """A recorded compaction: the replay's call it followed, and the prompt sizes before and after."""

    place: int
    before: int
    after: int
    by_itself: bool


class RecordedStretch(NamedTuple):
    """A stretch of a session between two clears: its replay, and an assessment at each turn end."""

    replay: Replay
    calls: Sequence[LiveCall]
    assessments: Mapping[int, Assessment]  # by index of the turn's last call in the replay
    compactions: Sequence[RecordedCompaction]


class WeeklyHabits:
    """Habits as of any session's week, measured once per week of history, and the static floors."""

    def __init__(self, db: sqlite3.Connection, floors: Mapping[tuple[str, str | None], int]) -> None:
        self._db = db
        self._past: dict[str, PastHabits] = {}
        self._weeks: dict[tuple[str, int], Habits] = {}
        self.floors = floors

    def habits(self, agent: str, at: int) -> Habits:
        """The user's habits with an agent, measured on the weeks before this time's."""
        day = local(at).date()
        key = (agent, day_start_ms(day - timedelta(days=day.weekday())))
        if key not in self._weeks:
            if agent not in self._past:
                self._past[agent] = PastHabits(self._db, agent)
            self._weeks[key] = self._past[agent].before(key[1])
        return self._weeks[key]


def recorded_session(
    db: sqlite3.Connection, session_id: int, weekly: WeeklyHabits, rates: Mapping[str, Rates], *, quiet: bool = False
) -> list[RecordedStretch]:
    """A session's main chain, ready to be replayed; empty if a call has no price."""
    whole = load_state(db, session_id, weekly.floors)
    if whole is None or any(call.price_id not in rates or call.cost is None for call in whole.calls):
        return []
    turns = live.latest_turns(db, session_id, _MAX_TURNS)
    habits = weekly.habits(whole.session.agent, whole.calls[0].started_at)
    made = []
    for calls in _stretches(whole):
        state = replace(whole, calls=calls)
        assessments = {
            place: assess(then, habits, rates[then.last.price_id or ""], Billing(), quiet=quiet)
            for place, then in _turn_ends(db, state, turns)
        }
        made.append(_recorded(state, assessments, rates, habits))
    return made


def _stretches(state: SessionState) -> Iterator[list[LiveCall]]:
    """The session's calls, split at each clear."""
    clears = [mark.position for mark in state.marks if mark.kind == EventKind.CLEAR]
    stretches: dict[int, list[LiveCall]] = {}
    for call in state.calls:
        stretches.setdefault(bisect_right(clears, call.position), []).append(call)
    yield from stretches.values()


def _turn_ends(
    db: sqlite3.Connection, state: SessionState, turns: Sequence[LiveTurn]
) -> Iterator[tuple[int, SessionState]]:
    """The session's state at each turn's last call."""
    tools = live.tools_since(db, state.session.id, 0)
    todos = [tool for tool in tools if tool.flags & ToolFlag.TODOS]
    positions = [turn.position for turn in turns]
    numbers = [max(0, bisect_right(positions, call.position) - 1) for call in state.calls]
    for place, call in enumerate(state.calls):
        number = numbers[place]
        if place + 1 < len(numbers) and numbers[place + 1] == number:
            continue
        turn = turns[number] if turns else None
        until = turns[number + 1].position if number + 1 < len(turns) else _END
        began = turn.position if turn is not None else 0
        yield (
            place,
            replace(
                state,
                calls=state.calls[: place + 1],
                turn=turn,
                turns=min(number + 1, 2),
                marks=[mark for mark in state.marks if mark.position <= call.position],
                todos=[tool for tool in todos if tool.position < until],
                turn_tools=[tool for tool in tools if began <= tool.position < until],
                task=None,  # the task's outcome was not known yet
            ),
        )


def _recorded(
    state: SessionState, assessments: Mapping[int, Assessment], rates: Mapping[str, Rates], habits: Habits
) -> RecordedStretch:
    calls = state.calls
    marks = [mark for mark in state.marks if mark.kind in COMPACTIONS]
    is_cached = has_cache(calls)
    made = []
    compactions: list[RecordedCompaction] = []
    before: LiveCall | None = None
    ends = sorted(assessments)
    for place, call in enumerate(calls):
        between = [mark for mark in marks if before is not None and before.position < mark.position <= call.position]
        if before is not None and between:
            by_itself = any(mark.detail == BY_ITSELF for mark in between)
            compactions.append(RecordedCompaction(place - 1, before.context, call.context, by_itself))
        assessment = assessments[ends[bisect_left(ends, place)]]  # of the turn's end
        tariff = assessment.situation.tariff
        one = _replay_call(
            call, before, rates[call.price_id or ""], tariff, is_rebuilt=bool(between), is_cached=is_cached
        )
        if place in assessments:
            plan = assessment.state.has_plan_in_progress()
            one = one._replace(at_turn_end=True, level=assessment.level, plan_in_progress=plan)
        made.append(one)
        before = call
    last = assessments[ends[-1]]
    peak = max(call.context for call in calls)
    has_own_trigger = any(one.by_itself for one in compactions)
    client, model, version = client_of(state.session.agent, state.session.native_id), calls[-1].model, calls[-1].version
    replay = Replay(
        session=state.session.native_id,
        calls=made,
        shape=last.situation.shape,
        trigger=peak if has_own_trigger else trigger_of(client, model, version, habits.triggers, peak).tokens,
        client_trigger=peak if has_own_trigger else trigger_of(client, model, version, {}, peak).tokens,
        window=window_of(client, model, peak),
        active_ms=sum(min(_BREAK_MS, after.started_at - one.started_at) for one, after in pairwise(calls)),
    )
    return RecordedStretch(replay, calls, assessments, compactions)


def _replay_call(
    call: LiveCall, before: LiveCall | None, rates: Rates, tariff: Tariff, *, is_rebuilt: bool, is_cached: bool
) -> ReplayCall:
    """A call with its bill split into the part that depends on the prefix and the rest.

    The first call after a recorded compaction wrote the summary; in a replay its prefix is the context it found.
    """
    cost = call.cost or 0
    rates = rates if is_cached else rates.uncached()
    if is_rebuilt:
        prompt = rates.prompt_nano(call.input, call.cache_read, call.write_5m, call.write_1h)
        return ReplayCall(call.context, 0, cost - prompt, call.context, rates.read / PICO_PER_NANO, tariff)
    missed, waste = call.missed or 0, call.waste or 0
    prefix = call.cache_read + missed if is_cached or before is None else min(before.context, call.context)
    spent = component_nano(prefix, rates.read) + waste
    growth = call.context - (before.context if before is not None else 0)
    made = ReplayCall(call.context, growth, cost - spent, prefix, rates.read / PICO_PER_NANO, tariff)
    return made._replace(warm_tokens=call.cache_read, cold_nano=waste / missed) if missed else made
