"""When compacting pays (MODEL section 7.1): cost, saving, break-even, the level, and the decision.

The decision is made at turn ends, by the level alone. The level differs from MODEL 7.1, whose reorder level is optimal
for a session that never ends. In replays of published sessions, break-even within a share of the remaining calls asked
for a third fewer compactions, saved as much, and far more where more was read again (docs/nudges.md).
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median

from tracker.model.cost.rates import Tariff
from tracker.model.defaults import DEFAULTS

FIRES = "level"  # the reason when a compaction is due


@dataclass(frozen=True, slots=True)
class CompactionShape:
    """What a compaction keeps and what it requires afterwards, in tokens and calls."""

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
        """C1: context after the needed tokens were read again."""
        return self.context_written + self.reread


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Effects of a compaction, assumed or calibrated on the user's own (MODEL section 8); tokens and calls."""

    summary_kept: float = DEFAULTS.summary_kept_tokens  # S_k
    reread: float = DEFAULTS.reread_tokens  # R
    extra_calls: float = DEFAULTS.extra_calls  # n_R


@dataclass(frozen=True, slots=True)
class LevelInputs:
    """The inputs of a session's level, besides the tariff."""

    shape: CompactionShape
    cold_probability: float  # q
    trigger_tokens: int  # T: where the client compacts automatically


@dataclass(frozen=True, slots=True)
class CompactionState:
    """A session at a turn's end, as the decision sees it."""

    context: int
    calls_since_nudge_or_compaction: int | None  # None: neither happened in this session
    plan_in_progress: bool  # a to-do is in progress
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
    """Level inputs of a session from measured values; defaults for None, or with too few earlier sessions.

    B is the session's first prompt, at most 1.25 times the user's median; the static floor is 0.6 B until measured.
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
    """S_k measured on the user's own compactions: the median growth of the prompt over the session's first.

    `prompts`: (a session's first prompt, the first one after compacting) in tokens. None with fewer than three.
    """
    if len(prompts) < DEFAULTS.sessions_before_own_statistics:
        return None
    return median(max(0, after - first) for first, after in prompts)


def compaction_nano(context: float, shape: CompactionShape, tariff: Tariff, *, is_cold: bool = False) -> float:
    """K(C): one-off cost of compacting at C, in nano-dollars."""
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
    """Nano-dollars of the request that writes the summary; a cold context is billed at the input rate."""
    return context * (tariff.input if is_cold else tariff.read) + summary_output * tariff.output


def extra_calls_nano(shape: CompactionShape, tariff: Tariff) -> float:
    """Nano-dollars of the n_R calls that read again what the summary lost."""
    return shape.extra_calls * (tariff.read * shape.context_after + shape.output * tariff.output)


def reread_nano_per_token(tariff: Tariff, cold_probability: float) -> float:
    """r: expected cost of a token in the context per later call, cold calls included; nano-dollars."""
    return tariff.read + cold_probability * (tariff.write - tariff.read)


def saving_nano_per_call(context: float, shape: CompactionShape, tariff: Tariff, cold_probability: float) -> float:
    """Nano-dollars saved on each later call by compacting at C."""
    return (context - shape.context_after) * reread_nano_per_token(tariff, cold_probability)


def break_even_calls(one_off_nano: float, saving_per_call_nano: float) -> float:
    """n*: calls until a one-off cost breaks even; 0 without a cost, infinite without a saving."""
    if one_off_nano <= 0:
        return 0.0
    return one_off_nano / saving_per_call_nano if saving_per_call_nano > 0 else math.inf


def compact_level(inputs: LevelInputs, tariff: Tariff, remaining_calls: float, *, quiet: bool = False) -> float:
    """Context in tokens from which compacting breaks even soon enough; at most the client's own trigger.

    Solves K(C) = N * save(C) for C (n* of MODEL 7.1). N is a share of m (MODEL section 6), at most twenty: even in a
    session that never ends, the optimal level breaks even after about that many calls.
    """
    within = min(DEFAULTS.payback_share * remaining_calls, DEFAULTS.payback_calls)
    if quiet:
        within *= DEFAULTS.quiet_payback_factor
    earned = within * reread_nano_per_token(tariff, inputs.cold_probability)  # per token removed
    if earned <= tariff.read:  # reading that token for the summary costs more
        return inputs.trigger_tokens
    once = compaction_nano(0, inputs.shape, tariff)
    return min((once + earned * inputs.shape.context_after) / (earned - tariff.read), inputs.trigger_tokens)


def compaction_failed(tokens_before: int, tokens_after: int) -> bool:
    """Whether a compaction cut the context by less than 30 %; nudges then stay silent for the rest of the epoch."""
    return tokens_after > (1 - DEFAULTS.effective_cut_share) * tokens_before


def decide_compaction(state: CompactionState, level: float) -> str:
    """The rule of section 7.1: `FIRES`, or the first condition that prevents it.

    A plan in progress is waited for only up to a quarter above the level, as some last for the whole session.
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
    """Nano-dollars that an action saves over a number of later calls, less its one-off cost."""
    return saving_per_call_nano * calls - one_off_nano
