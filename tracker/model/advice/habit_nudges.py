"""Nudges about habits (MODEL section 7.5): cache lifetime, routing, baseline, large results, miss storms.

MODEL's thresholds are shares. Beyond those, a nudge needs a minimum saving, or a minimum number of turns.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tracker.model.advice.habits import Storm, TurnProfile, baseline_month_nano, light_share
from tracker.model.advice.nudge import (
    PAYS,
    Billing,
    Evaluation,
    NudgeKind,
    Situation,
    evaluated,
    one_line,
    payback_phrase,
    saving_phrase,
    thousands,
)
from tracker.model.advice.saving import SavingRange
from tracker.model.advice.ttl_choice import TtlChoice
from tracker.model.cost.rates import Tariff
from tracker.model.defaults import DEFAULTS, TTL_1H_MS
from tracker.model.forecast.growth import lifetime_nano
from tracker.model.forecast.horizon import CallsRange

# The cut that the baseline nudge prices; trimming an instruction file or some tools can reach it.
TRIMMED_TOKENS = 10_000
_TOO_LITTLE = "saves too little"
_TURNS_FOR_A_SHARE = 20


@dataclass(frozen=True, slots=True)
class BaselineMonth:
    """The baseline over a month: its size, and how often it is read and written."""

    tokens: float
    calls: CallsRange  # of the coming month: 10 %, expected, 90 %
    cold_starts: float
    spend_nano: int  # all spend of the month


def ttl_nudge(choice: TtlChoice, billing: Billing) -> Evaluation:
    """Suggest the other cache lifetime if replaying the recorded gaps saves at least 3 %."""
    if choice.better_ttl_ms == choice.current_ttl_ms:
        reason = "the lifetime in use is the better one"
    elif choice.saving_share < DEFAULTS.ttl_min_saving_share:
        reason = "the replay saves too little"
    elif choice.saving.point_nano < DEFAULTS.min_saving_nano:
        reason = _TOO_LITTLE
    else:
        reason = PAYS
    name = "1 h" if choice.better_ttl_ms == TTL_1H_MS else "5 min"
    effect = f"{choice.saving_share:.0%} of recent spend, {saving_phrase(billing, choice.saving, 0.0)}"
    return evaluated(
        NudgeKind.TTL,
        billing,
        reason=reason,
        text=one_line(f"Set the cache lifetime to {name}", effect),
        saving=choice.saving,
        inputs={
            "current_ttl_ms": choice.current_ttl_ms,
            "better_ttl_ms": choice.better_ttl_ms,
            "rewrite_share": choice.rewrite_share,
            "threshold": choice.threshold,
            "current_nano": choice.current_nano,
            "saving_share": choice.saving_share,
        },
    )


def routing_nudge(turns: Sequence[TurnProfile], billing: Billing) -> Evaluation:
    """Name the share of spend on light turns. Only at a session's start, and without a promised saving."""
    share = light_share(turns)
    if len(turns) < _TURNS_FOR_A_SHARE:
        reason = "too few turns"
    elif share < DEFAULTS.light_share_of_spend:
        reason = "few light turns"
    else:
        reason = "many light turns"
    effect = f"{share:.0%} of spend went to light turns"
    return evaluated(
        NudgeKind.ROUTING,
        billing,
        fired=reason == "many light turns",
        reason=reason,
        text=one_line("Start questions and small jobs on a smaller model", effect),
        saving=None,
        payback_turns=None,
        inputs={"light_share": share, "turns": len(turns)},
    )


def baseline_nudge(month: BaselineMonth, tariff: Tariff, billing: Billing) -> Evaluation:
    """Suggest a shorter baseline if it takes more than a tenth of a month's spend."""
    cost = baseline_month_nano(month.tokens, month.calls.point, month.cold_starts, tariff)
    share = cost / month.spend_nano if month.spend_nano else 0.0
    trimmed = min(month.tokens, TRIMMED_TOKENS)
    saving = SavingRange.of(*(baseline_month_nano(trimmed, calls, month.cold_starts, tariff) for calls in month.calls))
    if share <= DEFAULTS.baseline_share_of_spend:
        reason = "small share of spend"
    elif saving.point_nano < DEFAULTS.min_saving_nano:
        reason = _TOO_LITTLE
    else:
        reason = "large share of spend"
    action = f"Trim the first prompt ({thousands(month.tokens)}, {share:.0%} of spend)"
    effect = f"10k less {saving_phrase(billing, saving, None)} a month{payback_phrase(0.0)}"
    return evaluated(
        NudgeKind.BASELINE,
        billing,
        fired=reason == "large share of spend",
        reason=reason,
        text=one_line(action, effect),
        saving=saving,
        inputs={
            "baseline": month.tokens,
            "calls": month.calls.point,
            "cold_starts": month.cold_starts,
            "month_nano": cost,
            "spend_nano": month.spend_nano,
            "share": share,
        },
    )


def large_result_nudge(situation: Situation, *, command_pattern: str, result_tokens: int) -> Evaluation:
    """Name a tool result that costs at least a quarter dollar until the epoch ends; delivery limits it to one a day."""
    calls = situation.calls_ahead
    saving = SavingRange.of(*(lifetime_nano(result_tokens, count, situation.tariff) for count in calls[:3]))
    if result_tokens < DEFAULTS.large_result_tokens:
        reason = "a small result"
    elif saving.point_nano < DEFAULTS.min_saving_nano:
        reason = _TOO_LITTLE
    else:
        reason = "costs"
    action = f"Shorten what `{command_pattern}` prints ({thousands(result_tokens)})"
    return evaluated(
        NudgeKind.LARGE_RESULT,
        situation.billing,
        fired=reason == "costs",
        reason=reason,
        text=one_line(action, saving_phrase(situation.billing, saving, 0.0)),
        saving=saving,
        inputs={
            "result_tokens": result_tokens,
            "calls": calls.point,
            "write_nano": situation.tariff.write,
            "read_nano": situation.tariff.read,
        },
        subject=command_pattern,
    )


def miss_storm_nudge(storm: Storm, billing: Billing) -> Evaluation:
    """Warn of three avoidable major misses in twenty calls; the saving is the waste of as many calls again."""
    fired = storm.misses >= DEFAULTS.storm_misses
    cause = storm.causes[0].replace("_", " ") if storm.causes else "unknown"
    action = f"Stop what breaks the cache: {storm.misses} misses in {storm.calls} calls ({cause})"
    return evaluated(
        NudgeKind.MISS_STORM,
        billing,
        fired=fired,
        reason="avoidable misses" if fired else "few misses",
        text=one_line(action, saving_phrase(billing, storm.saving, 0.0)),
        saving=storm.saving,
        inputs={
            "misses": storm.misses,
            "calls": storm.calls,
            "waste_nano": storm.waste_nano,
            "causes": ", ".join(storm.causes),
        },
    )
