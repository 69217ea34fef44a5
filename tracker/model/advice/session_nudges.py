"""Nudges about the current session (MODEL 7.1 to 7.4): compact, start over, before and after a pause."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from tracker.model.advice.compaction import FIRES, CompactionState, decide_compaction
from tracker.model.advice.idle import cold_penalty_nano, compact_before_expiry_nano
from tracker.model.advice.nudge import (
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
from tracker.model.advice.options import OptionKind, shortened
from tracker.model.advice.saving import SavingRange
from tracker.model.defaults import DEFAULTS, TTL_5M_MS


@dataclass(frozen=True, slots=True)
class Pause:
    """A session waiting for its user, shortly before its cache expires."""

    idle_ms: int  # since the end of the last call
    ttl_ms: int
    return_probability: float  # rho
    own_gaps: int  # number of gaps that rho is based on
    compact_dismissed_in_epoch: bool  # the compact nudge was dismissed in this epoch
    user_active_in_last_ttl: bool
    enabled: bool = False  # a setting, off by default


_WAYS = {
    NudgeKind.COMPACT: OptionKind.COMPACT,
    NudgeKind.BEFORE_EXPIRY: OptionKind.COMPACT,
    NudgeKind.NEW_SESSION: OptionKind.NEW_SESSION,
    NudgeKind.COLD_RESUME: OptionKind.COMPACT,  # unless its inputs name another
}


def option_kind_of(kind: str, inputs: Mapping[str, Any]) -> str | None:
    """The OptionKind that a nudge of this kind, with these inputs, recommends; None if it recommends none."""
    way: str | None = inputs.get("way", _WAYS.get(kind))
    return way


def _situation_inputs(situation: Situation) -> dict[str, InputValue]:
    shape, tariff, calls = situation.shape, situation.tariff, situation.calls_ahead
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
        "calls_low": calls.low,
        "calls": calls.point,
        "calls_high": calls.high,
        "client_compacts": calls.compacts,
        "calls_per_turn": situation.mean_calls_per_turn,
        "is_plan": situation.billing.is_plan,
    }


def compact_nudge(situation: Situation, state: CompactionState, level: float) -> Evaluation:
    """7.1: fires by the level alone; a saving that is not positive is left out of the text.

    The saving holds if the user goes on, which only the user knows. The text says "now" because the cache may be cold
    later: in all replays, compacting before the next prompt saved less than compacting at once (docs/nudges.md).
    """
    reason = decide_compaction(state, level)
    way = shortened(situation, OptionKind.COMPACT, is_cold=False)
    saving, turns = way.saving(situation.calls_ahead), way.payback_turns(situation)
    action = f"Compact now if you go on, {thousands(situation.context)} of context"
    if saving.point_nano > 0:
        text = one_line(action, saving_phrase(situation.billing, saving, turns))
    else:
        text = one_line(action, f"above this session's level of {thousands(level)}")
    inputs = {
        **_situation_inputs(situation),
        **way._asdict(),
        "level": level,
        "calls_since": state.calls_since_nudge_or_compaction,
        "plan_in_progress": state.plan_in_progress,
        "failed_in_epoch": state.failed_in_epoch,
    }
    return evaluated(
        NudgeKind.COMPACT,
        situation.billing,
        fired=reason == FIRES,
        reason=reason,
        text=text,
        saving=saving,
        payback_turns=turns,
        inputs=inputs,
    )


def new_session_nudge(situation: Situation, *, boundary_score: float, task_completed: bool) -> Evaluation:
    """7.2: only if a task has ended or begins, the context is at least three baselines, and it pays with a margin.

    The margin assumes a session of usual length. The shown saving may be lower, as the client may compact sooner.
    """
    way = shortened(situation, OptionKind.NEW_SESSION, is_cold=False)
    fresh_calls = situation.remaining_calls_of_a_fresh_session
    if boundary_score < DEFAULTS.boundary_score and not task_completed:
        reason = "the task goes on"
    elif situation.context < DEFAULTS.fresh_context_over_baseline * situation.shape.baseline:
        reason = "the context is small"
    elif way.saving_nano_per_call * fresh_calls <= DEFAULTS.fresh_margin * way.one_off_nano:
        reason = "does not pay with the margin"
    else:
        reason = PAYS
    saving, turns = way.saving(situation.calls_ahead), way.payback_turns(situation)
    if saving.point_nano > 0:
        effect = saving_phrase(situation.billing, saving, turns)
    else:
        effect = f"the old one left {thousands(situation.context)} of context"
    return evaluated(
        NudgeKind.NEW_SESSION,
        situation.billing,
        reason=reason,
        text=one_line("New task? Start over with `taximeter handover`", effect),
        saving=saving,
        payback_turns=turns,
        inputs={
            **_situation_inputs(situation),
            **way._asdict(),
            "boundary_score": boundary_score,
            "task_completed": task_completed,
            "orientation_tokens": situation.orientation.tokens,
            "orientation_calls": situation.orientation.calls,
            "fresh_calls": fresh_calls,
        },
    )


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
    if not pause.enabled:
        reason = "off by default"
    elif not pause.compact_dismissed_in_epoch:
        reason = "the compact nudge was not dismissed in this epoch"
    elif situation.context < DEFAULTS.large_context_over_context_after * shape.context_after:
        reason = "the context is small"
    elif pause.ttl_ms != TTL_5M_MS and not measured:
        reason = "returns to sessions this old are too rare"
    elif expected < DEFAULTS.min_saving_nano:
        reason = "saves too little"
    else:
        reason = PAYS
    saving = SavingRange.of(never, expected, surely)
    action = f"Compact before the cache goes cold (you return {pause.return_probability:.0%} of the time)"
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
    if not pause.enabled:
        reason = "off by default"
    elif not pause.user_active_in_last_ttl:
        reason = "the user is away"
    elif penalty < DEFAULTS.min_saving_nano:
        reason = "saves too little"
    else:
        reason = PAYS
    # A user who returns saves the whole penalty, one who does not saves nothing.
    saving = SavingRange.of(0, pause.return_probability * penalty, penalty)
    return evaluated(
        NudgeKind.ANSWER_NOW,
        situation.billing,
        reason=reason,
        text=one_line("Answer before the cache goes cold", saving_phrase(situation.billing, saving, 0.0)),
        saving=saving,
        inputs=_situation_inputs(situation) | asdict(pause) | {"penalty_nano": penalty},
    )


def cold_resume_nudge(situation: Situation, *, ttl_ms: int, task_completed: bool) -> Evaluation:
    """7.4: back after the cache expired. Below twice C1 the text is only the price of going on, and not delivered."""
    shape, context, calls = situation.shape, situation.context, situation.calls_ahead
    kinds = [OptionKind.COMPACT, *([OptionKind.NEW_SESSION] if task_completed else [])]
    ways = {kind: shortened(situation, kind, is_cold=True) for kind in kinds}
    kind, way = max(ways.items(), key=lambda one: one[1].saving(calls).point_nano)
    saving, turns = way.saving(calls), way.payback_turns(situation)
    if context < DEFAULTS.large_context_over_context_after * shape.context_after:
        reason = "price only"
    elif saving.point_nano < DEFAULTS.min_saving_nano:
        reason = "saves too little"
    else:
        reason = PAYS
    again = f"{thousands(context - shape.static_floor)} to write again"
    action = f"Compact before going on (the cache is cold, {again})"
    if kind == OptionKind.NEW_SESSION:
        action = f"Start over with `taximeter handover` (cold, {again})"
    evaluation = evaluated(
        NudgeKind.COLD_RESUME,
        situation.billing,
        reason=reason,
        text=one_line(action, saving_phrase(situation.billing, saving, turns)),
        saving=saving,
        payback_turns=turns,
        inputs={
            **_situation_inputs(situation),
            **way._asdict(),
            "age_ms": ttl_ms + DEFAULTS.expiry_grace_ms,
            "ttl_ms": ttl_ms,
            "task_completed": task_completed,
            "way": kind,
        },
    )
    return replace(evaluation, text=_cold_price_text(situation)) if reason == "price only" else evaluation


def _cold_price_text(situation: Situation) -> str:
    penalty = cold_penalty_nano(situation.context, situation.shape.static_floor, situation.tariff)
    price = situation.billing.amount(penalty)
    cost = "plan usage" if price is None else f"~{price}"
    rewritten = max(0.0, situation.context - situation.shape.static_floor)
    return one_line("The cache is cold", f"going on writes {thousands(rewritten)} tokens again for {cost}")
