"""Evaluates nudges at a turn's end, in a session's first turn, at a new prompt, and for the pause after a turn.

Nothing runs during a pause, so nudges that become due in it are evaluated when it begins, with the time they are due.
A running turn is judged as if it ended now, since its Stop hook may run before its last line is written.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import NamedTuple

from store.nudges import NudgeRow
from tracker.advisor.assessment import Assessment
from tracker.model.advice.compaction import CompactionState
from tracker.model.advice.habit_nudges import (
    BaselineMonth,
    baseline_nudge,
    large_result_nudge,
    miss_storm_nudge,
    routing_nudge,
    ttl_nudge,
)
from tracker.model.advice.habits import find_storm
from tracker.model.advice.nudge import Evaluation, NudgeKind
from tracker.model.advice.session_nudges import (
    Pause,
    answer_now_nudge,
    before_expiry_nudge,
    cold_resume_nudge,
    compact_nudge,
    new_session_nudge,
)
from tracker.model.defaults import DAY_MS, DEFAULTS, HOUR_MS, MINUTE_MS
from tracker.model.forecast.horizon import return_probability

KINDS = tuple(value for name, value in vars(NudgeKind).items() if name.isupper())
# These do not pay on real sessions: betting on a pause lost a little, and miss storms end by themselves.
OFF_BY_DEFAULT = frozenset({NudgeKind.BEFORE_EXPIRY, NudgeKind.ANSWER_NOW, NudgeKind.MISS_STORM})
_SHORTENING = (NudgeKind.COMPACT, NudgeKind.NEW_SESSION, NudgeKind.COLD_RESUME)
# Habits change slowly: a nudge about one is not repeated within a week.
_HABIT_PAUSE_MS = 7 * DAY_MS
_SAID_FOR_MS = 12 * HOUR_MS
# Without a watcher no refresh follows the answer, and the status line would show the nudge until the turn's end.
_ASKED_FOR_MS = MINUTE_MS


class Moment:
    """When a nudge is evaluated."""

    TURN_END = "turn_end"
    SESSION_START = "session_start"
    PROMPT = "prompt"
    RESUME = "resume"
    IDLE = "idle"


TURN_MOMENTS = (Moment.TURN_END, Moment.SESSION_START, Moment.PROMPT)  # the others belong to the pause after it


class TimedEvaluation(NamedTuple):
    """An evaluation, its moment, and the time in which it may be shown (epoch ms)."""

    evaluation: Evaluation
    moment: str
    anchor: str
    at: int
    due_at: int
    expires_at: int


def evaluate_turn(
    assessment: Assessment, shown: Sequence[NudgeRow], chosen: Sequence[NudgeRow]
) -> list[TimedEvaluation]:
    """Nudges at a turn's end; `chosen`: this session's chosen ones; `shown`: the shown ones of all sessions."""
    state = assessment.state
    done = new_session_nudge(assessment.situation, boundary_score=0.0, task_completed=assessment.task_is_done)
    evaluations = [_compact(assessment, chosen), _not_again(done, assessment, chosen)]
    largest = state.largest_result()
    if largest is not None:
        evaluations.append(
            large_result_nudge(assessment.situation, command_pattern=largest.pattern, result_tokens=largest.tokens)
        )
    storm = find_storm(state.recent_losses(DEFAULTS.storm_window_calls, _missed_nano(assessment)))
    evaluations.append(_once_per_storm(miss_storm_nudge(storm, assessment.situation.billing), assessment, chosen))
    timed = [_of_this_turn(assessment, one, Moment.TURN_END) for one in evaluations]
    if state.turns == 1:
        timed += [_of_this_turn(assessment, one, Moment.SESSION_START) for one in _habit_nudges(assessment, shown)]
    return timed


def evaluate_prompt(assessment: Assessment, chosen: Sequence[NudgeRow]) -> list[TimedEvaluation]:
    """For a prompt that no call has answered yet: would its work be cheaper in a new session?

    After the turn it is too late: the next prompt usually continues the same work (docs/nudges.md).
    """
    begun = new_session_nudge(assessment.situation, boundary_score=assessment.boundary_score, task_completed=False)
    timed = _of_this_turn(assessment, _not_again(begun, assessment, chosen), Moment.PROMPT)
    turn = assessment.state.turn
    return [timed if turn is None else timed._replace(expires_at=min(timed.expires_at, turn.at + _ASKED_FOR_MS))]


def evaluate_resume(assessment: Assessment) -> list[TimedEvaluation]:
    """The nudge for a user who comes back after the cache has gone cold."""
    state, ttl_ms = assessment.state, assessment.state.ttl_ms
    if ttl_ms is None:
        return []
    ended = state.last.last_at
    cold_after = ttl_ms + DEFAULTS.expiry_grace_ms
    resumed = cold_resume_nudge(assessment.situation, ttl_ms=ttl_ms, task_completed=assessment.task_is_done)
    return [
        TimedEvaluation(resumed, Moment.RESUME, state.last.message_id, ended, ended + cold_after, ended + _SAID_FOR_MS)
    ]


def evaluate_pause(
    assessment: Assessment, shown: Sequence[NudgeRow], enabled: Collection[str]
) -> list[TimedEvaluation]:
    """Nudges for the pause that has begun, before the cache expires."""
    state, ttl_ms = assessment.state, assessment.state.ttl_ms
    if ttl_ms is None:
        return []
    ended = state.last.last_at
    warn_after = math.ceil(DEFAULTS.warn_at_share_of_ttl * ttl_ms)
    pause = _pause(assessment, ttl_ms, warn_after, shown)
    kinds = ((NudgeKind.BEFORE_EXPIRY, before_expiry_nudge), (NudgeKind.ANSWER_NOW, answer_now_nudge))
    return [
        TimedEvaluation(
            nudge(assessment.situation, replace(pause, enabled=kind in enabled)),
            Moment.IDLE,
            state.last.message_id,
            ended,
            ended + warn_after,
            ended + ttl_ms,
        )
        for kind, nudge in kinds
    ]


def _of_this_turn(assessment: Assessment, evaluation: Evaluation, moment: str) -> TimedEvaluation:
    """An evaluation for the current turn; it is valid until the cache expires."""
    state, ttl_ms = assessment.state, assessment.state.ttl_ms
    at = state.last.last_at
    lasts = ttl_ms + DEFAULTS.expiry_grace_ms if ttl_ms is not None else _SAID_FOR_MS
    return TimedEvaluation(evaluation, moment, state.anchor, at, at, at + lasts)


def _compact(assessment: Assessment, chosen: Sequence[NudgeRow]) -> Evaluation:
    state = assessment.state
    since = [
        calls
        for calls in (_calls_since(assessment, chosen, _SHORTENING), state.calls_since_compaction())
        if calls is not None
    ]
    return compact_nudge(
        assessment.situation,
        CompactionState(
            context=state.last.context,
            calls_since_nudge_or_compaction=min(since, default=None),
            plan_in_progress=state.has_plan_in_progress(),
            failed_in_epoch=state.compaction_failed(),
        ),
        assessment.level,
    )


def _not_again(evaluation: Evaluation, assessment: Assessment, chosen: Sequence[NudgeRow]) -> Evaluation:
    """Apply compacting's cooldown: all nudges that shorten the context share it."""
    since = _calls_since(assessment, chosen, _SHORTENING)
    if since is not None and since < DEFAULTS.cooldown_calls:
        return _held(evaluation, "too soon after the last nudge")
    return evaluation


def _missed_nano(assessment: Assessment) -> float | None:
    """Cost of a missed token in a plan's limit units; None if the billed waste itself counts."""
    tariff = assessment.situation.tariff
    return tariff.write - tariff.read if assessment.situation.billing.is_plan else None


def _once_per_storm(evaluation: Evaluation, assessment: Assessment, chosen: Sequence[NudgeRow]) -> Evaluation:
    """Name the same losses only once, though they stay among the last calls for a while."""
    since = _calls_since(assessment, chosen, (NudgeKind.MISS_STORM,))
    if since is not None and since < DEFAULTS.storm_window_calls:
        return _held(evaluation, "these misses were named")
    return evaluation


def _calls_since(assessment: Assessment, chosen: Sequence[NudgeRow], kinds: Collection[str]) -> int | None:
    """Calls since a nudge of these kinds was shown at an earlier moment; None if none was."""
    anchor = assessment.state.anchor
    times = [row.at for row in chosen if row.kind in kinds and row.shown_at is not None and row.anchor != anchor]
    return assessment.state.calls_after(max(times)) if times else None


def _habit_nudges(assessment: Assessment, shown: Sequence[NudgeRow]) -> list[Evaluation]:
    """Nudges about cache lifetime, routing and baseline, evaluated when a session begins."""
    habits, billing = assessment.habits, assessment.situation.billing
    if habits.sessions < DEFAULTS.sessions_before_own_statistics:
        return []
    month = BaselineMonth(
        tokens=assessment.situation.shape.baseline,
        calls=habits.month.calls,
        cold_starts=habits.month.cold_starts,
        spend_nano=habits.month.spend(billing.unit_read_weight),
    )
    found = [
        routing_nudge(habits.turns, billing),
        baseline_nudge(month, assessment.situation.tariff, billing),
    ]
    if habits.ttl is not None and not billing.is_plan:  # on a plan the client chooses the lifetime
        found.append(ttl_nudge(habits.ttl, billing))
    recent = {row.kind for row in shown if assessment.state.last.last_at - (row.shown_at or 0) < _HABIT_PAUSE_MS}
    return [_held(one, "shown within a week") if one.kind in recent else one for one in found]


def _pause(assessment: Assessment, ttl_ms: int, idle_ms: int, shown: Sequence[NudgeRow]) -> Pause:
    state, gaps = assessment.state, assessment.habits.gaps
    began = state.epoch[0].started_at
    dismissed = any(
        row.kind == NudgeKind.COMPACT
        and row.session_id == state.session.id
        and row.dismissed_at is not None
        and (row.shown_at or 0) >= began
        for row in shown
    )
    return Pause(
        idle_ms=idle_ms,
        ttl_ms=ttl_ms,
        return_probability=return_probability(gaps, idle_ms, state.last.context),
        own_gaps=sum(gap.idle_ms is None or gap.idle_ms >= idle_ms for gap in gaps),
        compact_dismissed_in_epoch=dismissed,
        user_active_in_last_ttl=state.turn is not None and state.turn.at >= state.last.last_at + idle_ms - ttl_ms,
    )


def _held(evaluation: Evaluation, reason: str) -> Evaluation:
    """The evaluation, suppressed for `reason` if it had fired."""
    return replace(evaluation, fired=False, reason=reason, text=None) if evaluation.fired else evaluation
