"""What an action saves: modelled nano-dollars with an 80 % range, and the turns until it breaks even."""

import math
from dataclasses import dataclass
from typing import Self

from tracker.model.advice.compaction import break_even_calls


@dataclass(frozen=True, slots=True)
class SavingRange:
    """Modelled nano-dollars saved, with an 80 % range."""

    point_nano: int
    low_nano: int
    high_nano: int

    @classmethod
    def of(cls, one_end: float, point: float, other_end: float) -> Self:
        """From the savings at the 10 %, expected and 90 % number of calls; the ends may come in either order."""
        ends = one_end, point, other_end
        return cls(round(point), round(min(ends)), round(max(ends)))


def payback_turns(one_off_nano: float, per_call_nano: float, mean_calls_per_turn: float) -> float | None:
    """Turns until a one-off cost breaks even; None if never."""
    calls = break_even_calls(one_off_nano, per_call_nano)
    return None if math.isinf(calls) else calls / max(mean_calls_per_turn, 1.0)
