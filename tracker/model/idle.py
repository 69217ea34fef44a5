"""Pauses and cold caches (MODEL sections 7.3 and 7.4): what waiting costs, and the three ways back from it."""

from dataclasses import dataclass

from tracker.model.compaction import CompactionShape, extra_calls_nano, summary_nano
from tracker.model.fresh_start import Orientation, cold_orientation_nano, fresh_context_tokens
from tracker.model.rates import Rates, Tariff


@dataclass(frozen=True, slots=True)
class ColdResume:
    """Nano-dollars of the three ways to go on after the cache has expired, over the same later calls."""

    go_on: float
    summarise: float
    fresh: float


def cold_penalty_nano(context: float, static_floor: float, tariff: Tariff) -> float:
    """What the next call costs more than a warm one when the cache has gone: the "if cold" figure."""
    return (tariff.write - tariff.read) * max(0.0, context - static_floor)


def cold_call_nano(context: float, static_floor: float, tariff: Tariff) -> float:
    """Nano-dollars of the prompt of a cold call: everything above the static floor is written again."""
    return tariff.write * (context - static_floor) + tariff.read * static_floor


def cold_resume_nano(
    context: float, later_calls: float, shape: CompactionShape, orientation: Orientation, tariff: Tariff
) -> ColdResume:
    """Costs over the horizon of going on, summarising first, and starting over (section 7.4)."""
    after = shape.context_after
    return ColdResume(
        go_on=cold_call_nano(context, shape.static_floor, tariff) + later_calls * tariff.read * context,
        summarise=summary_nano(context, tariff, shape.summary_output, is_cold=True)
        + cold_call_nano(shape.context_written, shape.static_floor, tariff)
        + shape.reread * tariff.write
        + (later_calls + shape.extra_calls) * tariff.read * after,
        fresh=cold_orientation_nano(shape, orientation, tariff)
        + later_calls * tariff.read * fresh_context_tokens(shape, orientation),
    )


def compact_before_expiry_nano(
    context: float, return_probability: float, later_calls: float, shape: CompactionShape, tariff: Tariff
) -> float:
    """EV of section 7.3: nano-dollars won by compacting an idle session while it is still warm."""
    removed = context - shape.context_after
    if_resumed = removed * (tariff.write + later_calls * tariff.read) - extra_calls_nano(shape, tariff)
    return return_probability * if_resumed - summary_nano(context, tariff, shape.summary_output)


def keep_warm_pings(rates: Rates, ttl_ms: int | None) -> int:
    """Most prompts in a row that are worth it only to keep the cache warm: p_w/p_r - 1 of section 7.3, whole ones."""
    return max(0, rates.write_rate(ttl_ms) // rates.read - 1) if rates.read else 0
