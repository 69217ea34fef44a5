"""A new session instead of this one (MODEL section 7.2, and the fresh branch of 7.4): it must find its feet first."""

from dataclasses import dataclass

from tracker.model.advice.compaction import CompactionShape, reread_nano_per_token
from tracker.model.cost.rates import Tariff
from tracker.model.defaults import DEFAULTS
from tracker.model.forecast.growth import session_nano


@dataclass(frozen=True, slots=True)
class Orientation:
    """What a fresh session does before its first edit: the user's medians, in tokens and calls."""

    tokens: float = DEFAULTS.orientation_tokens
    calls: int = DEFAULTS.orientation_calls  # one at the least


def fresh_context_tokens(shape: CompactionShape, orientation: Orientation) -> float:
    """B + R_o: context of a new session once it is oriented."""
    return shape.baseline + orientation.tokens


def new_session_nano(shape: CompactionShape, orientation: Orientation, tariff: Tariff) -> float:
    """K_new: nano-dollars that starting over costs once, the first block still being warm."""
    baseline = (tariff.write - tariff.read) * (shape.baseline - shape.static_floor)
    reading_up = tariff.write * (orientation.tokens + DEFAULTS.handover_note_tokens)
    per_call = tariff.read * fresh_context_tokens(shape, orientation) + shape.output * tariff.output
    return baseline + reading_up + orientation.calls * per_call


def new_session_saving_nano_per_call(
    context: float, shape: CompactionShape, orientation: Orientation, tariff: Tariff, cold_probability: float
) -> float:
    """save_new: nano-dollars that each later call is cheaper in the new session."""
    return (context - fresh_context_tokens(shape, orientation)) * reread_nano_per_token(tariff, cold_probability)


def cold_orientation_nano(shape: CompactionShape, orientation: Orientation, tariff: Tariff) -> float:
    """Nano-dollars of a new session up to its first edit with nothing warm: cost(n) over the orientation calls."""
    growth = orientation.tokens / orientation.calls
    return session_nano(orientation.calls, shape.baseline, growth, shape.output, tariff)
