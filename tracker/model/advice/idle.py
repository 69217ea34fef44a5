"""Costs of pauses and cold caches (MODEL sections 7.3 and 7.4)."""

from tracker.model.advice.compaction import CompactionShape, extra_calls_nano, summary_nano
from tracker.model.cost.rates import Rates, Tariff


def cold_penalty_nano(context: float, static_floor: float, tariff: Tariff) -> float:
    """Extra nano-dollars of the next call if the cache has expired: the "if cold" figure."""
    return (tariff.write - tariff.read) * max(0.0, context - static_floor)


def compact_before_expiry_nano(
    context: float, return_probability: float, later_calls: float, shape: CompactionShape, tariff: Tariff
) -> float:
    """EV of section 7.3: nano-dollars saved by compacting an idle session while its cache is warm."""
    removed = context - shape.context_after
    if_resumed = removed * (tariff.write + later_calls * tariff.read) - extra_calls_nano(shape, tariff)
    return return_probability * if_resumed - summary_nano(context, tariff, shape.summary_output)


def keep_warm_pings(rates: Rates, ttl_ms: int | None) -> int:
    """How many keep-warm prompts in a row pay at most: p_w/p_r - 1 of section 7.3, rounded down."""
    return max(0, rates.write_rate(ttl_ms) // rates.read - 1) if rates.read else 0
