"""Pauses and cold caches (MODEL sections 7.3 and 7.4): what waiting costs, and the three ways back from it."""

from dataclasses import dataclass

from tracker.model.compaction import CompactionShape
from tracker.model.defaults import DEFAULTS
from tracker.model.fresh_start import Orientation, cold_orientation_nano, fresh_context_tokens
from tracker.model.rates import Tariff


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
    rewritten = tariff.write * (shape.context_written - shape.static_floor) + tariff.read * shape.static_floor
    return ColdResume(
        go_on=cold_call_nano(context, shape.static_floor, tariff) + later_calls * tariff.read * context,
        summarise=context * tariff.input
        + shape.summary_output * tariff.output
        + rewritten
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
    per_extra_call = tariff.read * shape.context_after + shape.output * tariff.output
    if_resumed = removed * (tariff.write + later_calls * tariff.read) - shape.extra_calls * per_extra_call
    return return_probability * if_resumed - (context * tariff.read + shape.summary_output * tariff.output)


def is_expired(age_ms: int, ttl_ms: int | None) -> bool:
    """True once the lifetime and the grace are over; an unknown lifetime never expires here."""
    return ttl_ms is not None and age_ms >= ttl_ms + DEFAULTS.expiry_grace_ms
