"""Cost and saving of a new session, orientation included (MODEL section 7.2, and the fresh branch of 7.4)."""

from dataclasses import dataclass

from tracker.model.advice.compaction import CompactionShape, reread_nano_per_token
from tracker.model.cost.rates import Tariff
from tracker.model.defaults import DEFAULTS
from tracker.model.forecast.growth import session_nano


@dataclass(frozen=True, slots=True)
class Orientation:
    """What a fresh session does before its first edit: the user's medians, in tokens and calls."""

    tokens: float = DEFAULTS.orientation_tokens
    calls: int = DEFAULTS.orientation_calls  # at least one


def fresh_context_tokens(shape: CompactionShape, orientation: Orientation) -> float:
    """B + R_o: context of a new session once it is oriented."""
    return shape.baseline + orientation.tokens


def new_session_nano(shape: CompactionShape, orientation: Orientation, tariff: Tariff) -> float:
    """K_new: one-off cost of starting over while the static first block is warm, in nano-dollars."""
    baseline = (tariff.write - tariff.read) * (shape.baseline - shape.static_floor)
    reading_up = tariff.write * (orientation.tokens + DEFAULTS.handover_note_tokens)
    per_call = tariff.read * fresh_context_tokens(shape, orientation) + shape.output * tariff.output
    return baseline + reading_up + orientation.calls * per_call


def new_session_saving_nano_per_call(
    context: float, shape: CompactionShape, orientation: Orientation, tariff: Tariff, cold_probability: float
) -> float:
    """save_new: nano-dollars saved on each later call by the new session."""
    return (context - fresh_context_tokens(shape, orientation)) * reread_nano_per_token(tariff, cold_probability)


def cold_orientation_nano(shape: CompactionShape, orientation: Orientation, tariff: Tariff) -> float:
    """Nano-dollars of a new session's orientation with a cold cache: cost(n) over the orientation calls."""
    growth = orientation.tokens / orientation.calls
    return session_nano(orientation.calls, shape.baseline, growth, shape.output, tariff)
