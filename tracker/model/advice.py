"""Nudges about the session at hand (MODEL 7.1 to 7.4) as decisions: compact, start over, before and after a pause."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from tracker.model.cache_life import is_expired
from tracker.model.compaction import (
    CompactionState,
    compaction_nano,
    decide_compaction,
    saving_nano_per_call,
)
from tracker.model.defaults import DEFAULTS, TTL_5M_MS
from tracker.model.fresh_start import fresh_context_tokens, new_session_nano, new_session_saving_nano_per_call
from tracker.model.horizon import calls_ahead
from tracker.model.idle import cold_penalty_nano, cold_resume_nano, compact_before_expiry_nano
from tracker.model.nudge import (
    PAYS,
    Evaluation,
    InputValue,
    NudgeKind,
    Situation,
    evaluated,
    one_line,
    saving_phrase,
    thousands,
)
from tracker.model.options import OptionKind, SavingRange, payback_turns, saving_range


@dataclass(frozen=True, slots=True)
class Pause:
    """A session that waits for its user."""

    idle_ms: int  # since the end of the last call
    ttl_ms: int | None
    return_probability: float  # rho
    own_gaps: int  # gaps that rho rests on
    compact_dismissed_in_epoch: bool  # the compact nudge was shown in this epoch and waved away
    user_active_in_last_ttl: bool
    enabled: bool = False  # a setting; off until the user asks for it


_WAYS = {
    NudgeKind.COMPACT: OptionKind.COMPACT,
    NudgeKind.BEFORE_EXPIRY: OptionKind.COMPACT,
    NudgeKind.NEW_SESSION: OptionKind.NEW_SESSION,
}


def way_of(kind: str, inputs: Mapping[str, Any]) -> str | None:
    """The way to go on (OptionKind) that a nudge of this kind and with these inputs asks for; None if for none."""
    if kind != NudgeKind.COLD_RESUME:
        return _WAYS.get(kind)
    fresh = inputs.get("fresh_nano")  # None where the task goes on
    return OptionKind.NEW_SESSION if fresh is not None and fresh < inputs["summarise_nano"] else OptionKind.COMPACT


def _situation_inputs(situation: Situation) -> dict[str, InputValue]:
    shape, tariff = situation.shape, situation.tariff
    return {
        "context": situation.context,
        "baseline": shape.baseline,
        "static_floor": shape.static_floor,
        "context_after": shape.context_after,
        "read_nano": tariff.read,
        "write_nano": tariff.write,
        "input_nano": tariff.input,
        "output_nano": tariff.output,
        "cold_probability": situation.cold_probability,
        "remaining_calls": situation.remaining_calls,
        "calls_to_auto_compaction": situation.calls_to_auto_compaction,
        "calls_per_turn": situation.mean_calls_per_turn,
        "is_plan": situation.billing.is_plan,
    }


def compact_nudge(situation: Situation, state: CompactionState, level: float) -> Evaluation:
    """7.1: fires by the level alone; a saving that is not positive is left out of the text."""
    decision = decide_compaction(state, level)
    one_off = compaction_nano(situation.context, situation.shape, situation.tariff)
    per_call = saving_nano_per_call(situation.context, situation.shape, situation.tariff, situation.cold_probability)
    calls = situation.calls_ahead(another_turn_is_certain=False)
    saving = saving_range(one_off, per_call, calls)
    turns = payback_turns(one_off, per_call, situation.mean_calls_per_turn)
    action = f"Compact now, {thousands(situation.context)} of context"
    if saving.point_nano > 0:
        text = one_line(action, saving_phrase(situation.billing, saving, turns))
    else:
        text = one_line(action, f"above this session's level of {thousands(level)}")
    inputs = _situation_inputs(situation) | {
        "level": level,
        "one_off_nano": one_off,
        "saving_nano_per_call": per_call,
        "calls_low": calls.low,
        "calls": calls.point,
        "calls_high": calls.high,
        "calls_since": state.calls_since_nudge_or_compaction,
        "plan_in_progress": state.plan_in_progress,
        "failed_in_epoch": state.failed_in_epoch,
    }
    return evaluated(
        NudgeKind.COMPACT,
        situation.billing,
        fired=decision.fire,
        reason=decision.reason,
        text=text,
        saving=saving,
        payback_turns=turns,
        inputs=inputs,
    )


def new_session_nudge(
    situation: Situation, *, boundary_score: float, task_completed: bool, another_turn_is_certain: bool
) -> Evaluation:
    """7.2: only where a task has ended, the context is three baselines large, and the move pays with a margin."""
    shape, tariff = situation.shape, situation.tariff
    one_off = new_session_nano(shape, situation.orientation, tariff)
    per_call = new_session_saving_nano_per_call(
        situation.context, shape, situation.orientation, tariff, situation.cold_probability
    )
    fresh_calls = situation.remaining_calls_of_a_fresh_session
    calls = calls_ahead(fresh_calls, another_turn_is_certain=another_turn_is_certain, calls_to_auto_compaction=None)
    if boundary_score < DEFAULTS.boundary_score and not task_completed:
        reason = "the task goes on"
    elif situation.context < DEFAULTS.fresh_context_over_baseline * shape.baseline:
        reason = "the context is small"
    elif per_call * fresh_calls <= DEFAULTS.fresh_margin * one_off:
        reason = "does not pay with the margin"
    else:
        reason = PAYS
    saving = saving_range(one_off, per_call, calls)
    turns = payback_turns(one_off, per_call, situation.mean_calls_per_turn)
    effect = saving_phrase(situation.billing, saving, turns)
    return evaluated(
        NudgeKind.NEW_SESSION,
        situation.billing,
        reason=reason,
        text=one_line("New task: start over with `taximeter handover`", effect),
        saving=saving,
        payback_turns=turns,
        inputs=_situation_inputs(situation)
        | {
            "boundary_score": boundary_score,
            "task_completed": task_completed,
            "orientation_tokens": situation.orientation.tokens,
            "orientation_calls": situation.orientation.calls,
            "fresh_calls": fresh_calls,
            "one_off_nano": one_off,
            "saving_nano_per_call": per_call,
        },
    )


def _closing_time(pause: Pause) -> str | None:
    """Why the coming expiry is not worth a nudge; None in the last part of the cache's life."""
    if not pause.enabled:
        return "off by default"
    if pause.ttl_ms is None:
        return "cache lifetime not known"
    if pause.idle_ms < DEFAULTS.warn_at_share_of_ttl * pause.ttl_ms:
        return "the cache is warm for a while"
    if is_expired(pause.idle_ms, pause.ttl_ms):
        return "the cache is cold already"
    return None


def before_expiry_nudge(situation: Situation, pause: Pause) -> Evaluation:
    """7.3: compact an idle session while it is warm; the range runs from "never resumed" to "resumed for sure"."""
    shape = situation.shape
    measured = (
        pause.own_gaps >= DEFAULTS.measured_return_gaps
        and pause.return_probability >= DEFAULTS.measured_return_probability
    )
    never, expected, surely = (
        compact_before_expiry_nano(situation.context, chance, situation.remaining_calls, shape, situation.tariff)
        for chance in (0.0, pause.return_probability, 1.0)
    )
    reason = _closing_time(pause)
    if reason is None:
        if not pause.compact_dismissed_in_epoch:
            reason = "the compact nudge was not dismissed in this epoch"
        elif situation.context < DEFAULTS.large_context_over_context_after * shape.context_after:
            reason = "the context is small"
        elif pause.ttl_ms != TTL_5M_MS and not measured:
            reason = "returns to sessions this old are too rare"
        elif expected < DEFAULTS.least_saving_nano:
            reason = "not worth a word"
        else:
            reason = PAYS
    saving = SavingRange.of(never, expected, surely)
    action = f"Compact before the cache goes cold ({pause.return_probability:.0%} come back)"
    return evaluated(
        NudgeKind.BEFORE_EXPIRY,
        situation.billing,
        reason=reason,
        text=one_line(action, saving_phrase(situation.billing, saving, 0.0)),
        saving=saving,
        inputs=_situation_inputs(situation) | asdict(pause),
    )


def answer_now_nudge(situation: Situation, pause: Pause) -> Evaluation:
    """7.3, the variant for a user who is still there: answering now avoids the cold call's penalty."""
    penalty = cold_penalty_nano(situation.context, situation.shape.static_floor, situation.tariff)
    reason = _closing_time(pause)
    if reason is None:
        if not pause.user_active_in_last_ttl:
            reason = "the user is away"
        elif penalty < DEFAULTS.least_saving_nano:
            reason = "not worth a word"
        else:
            reason = PAYS
    # Whoever would have come back anyway saves the whole penalty, whoever would not saves nothing.
    saving = SavingRange.of(0, pause.return_probability * penalty, penalty)
    return evaluated(
        NudgeKind.ANSWER_NOW,
        situation.billing,
        reason=reason,
        text=one_line("Answer before the cache goes cold", saving_phrase(situation.billing, saving, 0.0)),
        saving=saving,
        inputs=_situation_inputs(situation) | asdict(pause) | {"penalty_nano": penalty},
    )


def cold_resume_nudge(situation: Situation, *, age_ms: int, ttl_ms: int | None, boundary_score: float) -> Evaluation:
    """7.4: back after the cache expired; below twice C1 the text is the price of going on, not delivered."""
    shape, context, orientation, tariff = situation.shape, situation.context, situation.orientation, situation.tariff
    calls = situation.calls_ahead(another_turn_is_certain=True)
    few, costs, many = (cold_resume_nano(context, count, shape, orientation, tariff) for count in calls)
    is_new_topic = boundary_score >= DEFAULTS.boundary_score
    fresh_wins = is_new_topic and costs.fresh < costs.summarise
    saving = SavingRange.of(*(one.go_on - (one.fresh if fresh_wins else one.summarise) for one in (few, costs, many)))
    after = fresh_context_tokens(shape, orientation) if fresh_wins else shape.context_after
    per_call = (context - after) * tariff.read
    best = costs.fresh if fresh_wins else costs.summarise
    turns = payback_turns(best - costs.go_on + per_call * calls.point, per_call, situation.mean_calls_per_turn)
    if not is_expired(age_ms, ttl_ms):
        reason = "the cache is warm"
    elif context < DEFAULTS.large_context_over_context_after * shape.context_after:
        reason = "price only"
    elif saving.point_nano < DEFAULTS.least_saving_nano:
        reason = "not worth a word"
    else:
        reason = PAYS
    again = f"{thousands(context - shape.static_floor)} to write again"
    action = f"Compact before going on (the cache is cold, {again})"
    if fresh_wins:
        action = f"Start over with `taximeter handover` (cold, {again})"
    evaluation = evaluated(
        NudgeKind.COLD_RESUME,
        situation.billing,
        reason=reason,
        text=one_line(action, saving_phrase(situation.billing, saving, turns)),
        saving=saving,
        payback_turns=turns,
        inputs=_situation_inputs(situation)
        | {
            "age_ms": age_ms,
            "ttl_ms": ttl_ms,
            "boundary_score": boundary_score,
            "go_on_nano": costs.go_on,
            "summarise_nano": costs.summarise,
            "fresh_nano": costs.fresh if is_new_topic else None,
            "calls": calls.point,
        },
    )
    return replace(evaluation, text=_cold_price_text(situation)) if reason == "price only" else evaluation


def _cold_price_text(situation: Situation) -> str:
    penalty = cold_penalty_nano(situation.context, situation.shape.static_floor, situation.tariff)
    price = situation.billing.amount(penalty)
    cost = "plan usage" if price is None else f"~{price}"
    rewritten = max(0.0, situation.context - situation.shape.static_floor)
    return one_line("The cache is cold", f"going on writes {thousands(rewritten)} tokens again for {cost}")
