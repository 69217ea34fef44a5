"""How much work is still to come (MODEL section 6): remaining calls, the chance of a return, the chance of a cold call.

These figures feed displayed savings, the new-session rule and the level at which compacting is due.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from tracker.model.defaults import DEFAULTS
from tracker.model.quantiles import TAIL, shrink

# Context size bands for the chance of a return; MODEL names bands without their edges.
CONTEXT_BAND_EDGES = (50_000, 100_000, 200_000)


class SessionLength(NamedTuple):
    """Calls of an earlier session; `ended` is False while it may still go on."""

    calls: int
    ended: bool


class CallsRange(NamedTuple):
    """A number of calls ahead: 10 %, expected, 90 %."""

    low: float
    point: float
    high: float


class CallsAhead(NamedTuple):
    """Calls over which a saving runs: 10 %, expected, 90 %."""

    low: float
    point: float
    high: float
    compacts: float = 0.0  # chance that the client compacts by itself after them


class IdleGap(NamedTuple):
    """A pause at a turn end; `idle_ms` is None when the session was never resumed."""

    idle_ms: int | None
    context: int


def _mean_residual(lengths: Sequence[SessionLength], calls_so_far: int) -> float:
    """Kaplan-Meier mean of the calls beyond `calls_so_far`; the longest session counts as ended."""
    at_risk = len(lengths)
    surviving = 1.0
    area = 0.0
    reached = calls_so_far
    ended = left = 0  # of the sessions as long as `reached`
    for calls, has_ended in sorted(lengths):
        if calls != reached:
            surviving *= 1 - ended / at_risk
            at_risk -= left
            area += surviving * (calls - reached)
            reached = calls
            ended = left = 0
        ended += has_ended
        left += 1
    return area


def remaining_calls(earlier: Sequence[SessionLength], calls_so_far: int) -> float:
    """m: mean calls to come, given one more turn; own mean weighed k/(k+10) over the k sessions that went on."""
    longer = [length for length in earlier if length.calls > calls_so_far]
    own = _mean_residual(longer, calls_so_far) if longer else 0.0
    return shrink(own, DEFAULTS.remaining_calls, len(longer), DEFAULTS.remaining_shrink_sessions)


def calls_ahead(mean_calls: float, calls_to_auto_compaction: float) -> CallsAhead:
    """Calls over which a saving runs if the user goes on, with their 80 % range.

    The chance to stop is taken as the same at each call, as residual life is flat at turn ends. The point is the mean
    of the calls below the client's own compaction, not the limited mean of MODEL section 7.1, which promised half as
    much again as came true in backtests. Of those above it the high end has half: a session that long is spared that
    compaction, but its context would have been as short after it.
    """
    low, high = (mean_calls * -math.log(share) for share in (1 - TAIL, TAIL))
    high -= max(0.0, high - calls_to_auto_compaction) / 2
    compacts = math.exp(-calls_to_auto_compaction / mean_calls) if mean_calls > 0 else 0.0
    mean = mean_calls * (1 - compacts)
    return CallsAhead(min(low, mean), mean, high, compacts)


def context_band(context: int) -> int:
    """Index of the size band of a context."""
    return sum(context >= edge for edge in CONTEXT_BAND_EDGES)


def _return_share(gaps: Sequence[IdleGap]) -> float:
    returned = sum(gap.idle_ms is not None and gap.idle_ms <= DEFAULTS.return_window_ms for gap in gaps)
    return returned / len(gaps) if gaps else 0.0


def return_probability(gaps: Sequence[IdleGap], idle_so_far_ms: int, context: int) -> float:
    """rho: chance that a session idle for so long is resumed within twelve hours of its last call.

    Share among past gaps of the same context band that lasted as long, shrunk to all bands and those to the default.
    """
    lasted = [gap for gap in gaps if gap.idle_ms is None or gap.idle_ms >= idle_so_far_ms]
    band = context_band(context)
    similar = [gap for gap in lasted if context_band(gap.context) == band]
    weight = DEFAULTS.return_shrink_gaps
    overall = shrink(_return_share(lasted), DEFAULTS.return_probability, len(lasted), weight)
    return shrink(_return_share(similar), overall, len(similar), weight)


def cold_probability(cold_calls: int, calls: int) -> float:
    """q: share of past calls that were cold, shrunk to the shipped share while there are few."""
    own = cold_calls / calls if calls else 0.0
    return shrink(own, DEFAULTS.cold_probability, calls, DEFAULTS.growth_shrink_calls)
