"""Growth of a context, and the cost of calls that follows from it (MODEL section 5). Everything here is modelled.

Growth is estimated from this epoch's latest calls, shrunk towards the user's pool: never a median or a raw mean.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tracker.model.cost.rates import Tariff
from tracker.model.defaults import DEFAULTS
from tracker.model.quantiles import TAIL, middle_80, quantile, shrunk_mean


@dataclass(frozen=True, slots=True)
class GrowthPool:
    """Mean growth and output of the user's calls on a model, in tokens per call."""

    growth: float = DEFAULTS.growth_tokens_per_call
    growth_p99: float = DEFAULTS.growth_p99_tokens
    output: float = DEFAULTS.output_tokens_per_call


@dataclass(frozen=True, slots=True)
class GrowthEstimate:
    """Expected growth and output of the next calls in tokens per call; always positive, through the shipped values."""

    growth: float
    output: float


def _kept_growth(increments: Sequence[int], ceiling: float) -> list[float]:
    """Increments without context drops, clipped at `ceiling`."""
    kept = (change for change in increments if change >= -DEFAULTS.dropped_context_tokens)
    return [min(max(float(change), 0.0), ceiling) for change in kept]


def growth_pool(increments: Sequence[int], outputs: Sequence[int]) -> GrowthPool:
    """The user's pool for a model from all recorded increments of C and outputs, shrunk to the shipped values.

    The shipped 99th percentile is used until there are a hundred increments.
    """
    raw = [float(change) for change in increments if change >= 0]
    ceiling = quantile(raw, 0.99) if len(raw) >= DEFAULTS.values_before_own_tails else DEFAULTS.growth_p99_tokens
    weight = DEFAULTS.growth_shrink_calls
    return GrowthPool(
        growth=shrunk_mean(_kept_growth(increments, ceiling), DEFAULTS.growth_tokens_per_call, weight),
        growth_p99=ceiling,
        output=shrunk_mean(outputs, DEFAULTS.output_tokens_per_call, weight),
    )


def estimate_growth(increments: Sequence[int], outputs: Sequence[int], pool: GrowthPool) -> GrowthEstimate:
    """g and o for the next calls from this epoch's increments of C and outputs, oldest first.

    Weight of the epoch's last k <= 60 calls against the pool: k/(k+20).
    """
    window, weight = DEFAULTS.growth_window_calls, DEFAULTS.growth_shrink_calls
    return GrowthEstimate(
        growth=shrunk_mean(_kept_growth(increments[-window:], pool.growth_p99), pool.growth, weight),
        output=shrunk_mean(outputs[-window:], pool.output, weight),
    )


def session_nano(calls: int, baseline: float, growth: float, output: float, tariff: Tariff) -> float:
    """cost(n): nano-dollars of n calls from a cold start, all later ones warm; quadratic in n."""
    rent_tokens = (calls - 1) * baseline + growth * calls * (calls - 1) / 2
    written_tokens = baseline + calls * growth
    return tariff.write * written_tokens + tariff.read * rent_tokens + calls * output * tariff.output


def next_call_nano(context: float, growth: float, output: float, tariff: Tariff) -> float:
    """Nano-dollars of the next warm call."""
    return tariff.read * context + tariff.write * growth + tariff.output * output


def rent_crossover_tokens(growth: float, output: float, tariff: Tariff) -> float:
    """C_x: context above which re-reading costs more than the rest of the call; infinite if reads are free."""
    rest = tariff.write * growth + tariff.output * output
    return rest / tariff.read if tariff.read else math.inf


def lifetime_nano(tokens: float, later_calls: float, tariff: Tariff) -> float:
    """Nano-dollars of content over its life: written once, read by each later call of the epoch."""
    return tokens * (tariff.write + later_calls * tariff.read)


def calls_to_compaction(context: int, trigger_tokens: int, estimate: GrowthEstimate) -> float:
    """Expected calls before the automatic compaction at `trigger_tokens`."""
    return max(0, trigger_tokens - context) / estimate.growth


@dataclass(frozen=True, slots=True)
class CallsPerTurn:
    """Distribution of calls per turn."""

    mean: float
    p10: float
    p90: float

    def calls_in(self, turns: int) -> int:
        """Expected calls in a number of turns, at least one per turn."""
        return max(turns, round(turns * self.mean))


def calls_per_turn(turn_calls: Sequence[int]) -> CallsPerTurn:
    """Distribution of calls per turn, its mean shrunk towards the shipped one.

    Without own turns, the spread is that of a geometric distribution with the shipped mean.
    """
    if not turn_calls:
        mean = DEFAULTS.calls_per_turn
        stop = math.log(1 - 1 / mean)
        return CallsPerTurn(mean, math.ceil(math.log(1 - TAIL) / stop), math.ceil(math.log(TAIL) / stop))
    mean = shrunk_mean(turn_calls, DEFAULTS.calls_per_turn, DEFAULTS.growth_shrink_calls)
    return CallsPerTurn(mean, *middle_80(turn_calls))
