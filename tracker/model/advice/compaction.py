"""When compacting pays (MODEL section 7.1): cost, saving, break-even, the level, and the decision.

The decision looks at the level only, at turn ends only. The level departs from MODEL 7.1, whose reorder level is the
best one for a session that never ends: replayed over published sessions, break-even within a share of the calls to come
asked for a third fewer compactions, saved as much, and far more where more is read again (docs/nudges.md).
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median

from tracker.model.cost.rates import Tariff
from tracker.model.defaults import DEFAULTS

FIRES = "level"  # the reason of a compaction that is due


@dataclass(frozen=True, slots=True)
class CompactionShape:
    """What a compaction leaves behind and asks for afterwards, in tokens and calls."""

    baseline: float = DEFAULTS.baseline_tokens
    static_floor: float = DEFAULTS.static_share_of_baseline * DEFAULTS.baseline_tokens
    summary_output: float = DEFAULTS.summary_output_tokens
    summary_kept: float = DEFAULTS.summary_kept_tokens
    reread: float = DEFAULTS.reread_tokens
    extra_calls: float = DEFAULTS.extra_calls
    output: float = DEFAULTS.output_tokens_per_call

    @property
    def context_written(self) -> float:
        """C0: context right after the compaction."""
        return self.baseline + self.summary_kept

    @property
    def context_after(self) -> float:
        """C1: context once the needed tokens were read again."""
        return self.context_written + self.reread


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What compactions leave and ask for: as assumed, or calibrated on the user's own (MODEL section 8)."""

    summary_kept: float = DEFAULTS.summary_kept_tokens  # S_k
    reread: float = DEFAULTS.reread_tokens  # R
    extra_calls: float = DEFAULTS.extra_calls  # n_R


@dataclass(frozen=True, slots=True)
class LevelInputs:
    """What sets the level of a session, beside the tariff."""

    shape: CompactionShape
    cold_probability: float  # q
    trigger_tokens: int  # T: where the client compacts by itself


@dataclass(frozen=True, slots=True)
class CompactionState:
    """Where a session stands at a turn's end, when the decision is due."""

    context: int
    calls_since_nudge_or_compaction: int | None  # None: neither has happened in this session
    plan_in_progress: bool  # an open to-do is being worked on
    failed_in_epoch: bool  # a compaction of this epoch did not shorten the context


def level_inputs(
    *,
    first_call_context: int | None,
    median_first_call_context: float | None,
    static_floor: int | None,
    output: float,
    cold_probability: float,
    trigger_tokens: int,
    earlier_sessions: int,
    aftermath: Aftermath,
) -> LevelInputs:
    """Put together a session's level inputs from what was measured; None or too few earlier sessions mean defaults.

    B is the session's first call, at most 1.25 of the user's median; the static floor is 0.6 B until measured.
    """
    own_statistics = earlier_sessions >= DEFAULTS.sessions_before_own_statistics
    usual = median_first_call_context if own_statistics and median_first_call_context else DEFAULTS.baseline_tokens
    baseline = float(DEFAULTS.baseline_tokens)
    if first_call_context:
        baseline = min(float(first_call_context), DEFAULTS.baseline_cap_over_median * usual)
    floor = DEFAULTS.static_share_of_baseline * baseline if static_floor is None else min(float(static_floor), baseline)
    return LevelInputs(
        shape=CompactionShape(
            baseline=baseline,
            static_floor=floor,
            output=output if own_statistics else DEFAULTS.output_tokens_per_call,
            **asdict(aftermath),
        ),
        cold_probability=cold_probability if own_statistics else DEFAULTS.cold_probability,
        trigger_tokens=trigger_tokens,
    )


def observed_summary_tokens(prompts: Sequence[tuple[int, int]]) -> float | None:
    """S_k as the user's own compactions show it, each given as (a session's first prompt, the first after compacting).

    Their median difference; None below three.
    """
    if len(prompts) < DEFAULTS.sessions_before_own_statistics:
        return None
    return median(max(0, after - first) for first, after in prompts)


def compaction_nano(context: float, shape: CompactionShape, tariff: Tariff, *, is_cold: bool = False) -> float:
    """K(C): nano-dollars that compacting at C costs once."""
    summarising = summary_nano(context, tariff, shape.summary_output, is_cold=is_cold)
    rewriting = (tariff.write - tariff.read) * (shape.context_written - shape.static_floor)
    return summarising + rewriting + shape.reread * tariff.write + extra_calls_nano(shape, tariff)


def summary_nano(
    context: float,
    tariff: Tariff,
    summary_output: float = DEFAULTS.summary_output_tokens,
    *,
    is_cold: bool = False,
) -> float:
    """Nano-dollars of the request that writes the summary; with a cold cache the context is read at the input rate."""
    return context * (tariff.input if is_cold else tariff.read) + summary_output * tariff.output


def extra_calls_nano(shape: CompactionShape, tariff: Tariff) -> float:
    """Nano-dollars of the n_R calls that read again what the summary lost."""
    return shape.extra_calls * (tariff.read * shape.context_after + shape.output * tariff.output)


def reread_nano_per_token(tariff: Tariff, cold_probability: float) -> float:
    """r: what a token that stays in the context costs per later call, cold calls included."""
    return tariff.read + cold_probability * (tariff.write - tariff.read)


def saving_nano_per_call(context: float, shape: CompactionShape, tariff: Tariff, cold_probability: float) -> float:
    """Nano-dollars that each later call is cheaper after compacting at C."""
    return (context - shape.context_after) * reread_nano_per_token(tariff, cold_probability)


def break_even_calls(one_off_nano: float, saving_per_call_nano: float) -> float:
    """n*: calls until a one-off cost is earned back; 0 when there is none, infinite when nothing is saved."""
    if one_off_nano <= 0:
        return 0.0
    return one_off_nano / saving_per_call_nano if saving_per_call_nano > 0 else math.inf


def compact_level(inputs: LevelInputs, tariff: Tariff, remaining_calls: float, *, quiet: bool = False) -> float:
    """Context in tokens from which compacting is earned back soon enough; at the most the client's own trigger.

    That is n* of MODEL 7.1 within N calls, K(C) = N * save(C), solved for C. N is a share of m (MODEL section 6) and at
    the most twenty: even in a session that never ends, the best level is earned back in about so many.
    """
    within = min(DEFAULTS.payback_share * remaining_calls, DEFAULTS.payback_calls)
    if quiet:
        within *= DEFAULTS.quiet_payback_factor
    earned = within * reread_nano_per_token(tariff, inputs.cold_probability)  # by each token less
    if earned <= tariff.read:  # what it takes to read that token for the summary
        return inputs.trigger_tokens
    once = compaction_nano(0, inputs.shape, tariff)
    return min((once + earned * inputs.shape.context_after) / (earned - tariff.read), inputs.trigger_tokens)


def compaction_failed(tokens_before: int, tokens_after: int) -> bool:
    """True when a compaction cut the context by less than 30 %: silent for the rest of the epoch."""
    return tokens_after > (1 - DEFAULTS.effective_cut_share) * tokens_before


def decide_compaction(state: CompactionState, level: float) -> str:
    """The firing rule of section 7.1: the first condition that held it back, or `FIRES`.

    A plan is waited for up to a quarter above the level: some are in progress for as long as their session.
    """
    since = state.calls_since_nudge_or_compaction
    if state.context < level:
        return "below the level"
    if since is not None and since < DEFAULTS.cooldown_calls:
        return "too soon after the last nudge or compaction"
    if state.plan_in_progress and state.context < DEFAULTS.plan_patience * level:
        return "in the middle of a plan"
    if state.failed_in_epoch:
        return "compacting did not help in this epoch"
    return FIRES


def saving_nano(one_off_nano: float, saving_per_call_nano: float, calls: float) -> float:
    """Expected value of an action over a number of later calls, in nano-dollars."""
    return saving_per_call_nano * calls - one_off_nano
