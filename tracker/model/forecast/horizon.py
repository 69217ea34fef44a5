"""How much of a session is left (MODEL section 6): remaining calls, probability of a return and of a cold call.

These figures are inputs of savings, of the new-session rule and of the level at which compacting is due.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from tracker.model.defaults import DEFAULTS
from tracker.model.quantiles import TAIL, shrink

# Context size bands for the probability of a return; MODEL does not give their edges.
CONTEXT_BAND_EDGES = (50_000, 100_000, 200_000)


class SessionLength(NamedTuple):
    """Number of calls in an earlier session; `ended` is False while it may be resumed."""

    calls: int
    ended: bool


class CallsRange(NamedTuple):
    """A number of calls: 10 %, expected, 90 %."""

    low: float
    point: float
    high: float


class CallsAhead(NamedTuple):
    """Calls over which a saving runs: 10 %, expected, 90 %."""

    low: float
    point: float
    high: float
    compacts: float = 0.0  # probability that the client compacts after them


class IdleGap(NamedTuple):
    """A pause at a turn end; `idle_ms` is None if the session was never resumed."""

    idle_ms: int | None
    context: int


def _mean_residual(lengths: Sequence[SessionLength], calls_so_far: int) -> float:
    """Kaplan-Meier mean of the calls after `calls_so_far`; the longest session counts as ended."""
    at_risk = len(lengths)
    surviving = 1.0
    area = 0.0
    reached = calls_so_far
    ended = left = 0  # among the sessions of length `reached`
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
    """m: expected remaining calls, given one more turn; own mean weighted k/(k+10) for k sessions that went on."""
    longer = [length for length in earlier if length.calls > calls_so_far]
    own = _mean_residual(longer, calls_so_far) if longer else 0.0
    return shrink(own, DEFAULTS.remaining_calls, len(longer), DEFAULTS.remaining_shrink_sessions)


def calls_ahead(mean_calls: float, calls_to_auto_compaction: float) -> CallsAhead:
    """Calls over which a saving accrues if the user goes on, with their 80 % range.

    The probability of stopping is taken as constant per call, as residual life is flat at turn ends. The point is the
    mean of the calls before the client's own compaction, not the limited mean of MODEL section 7.1, whose promises were
    half as much again as what came true in backtests. The high end includes half of the calls after it: a session that
    long is spared that compaction, but its context would have been as short afterwards.
    """
    low, high = (mean_calls * -math.log(share) for share in (1 - TAIL, TAIL))
    high -= max(0.0, high - calls_to_auto_compaction) / 2
    compacts = math.exp(-calls_to_auto_compaction / mean_calls) if mean_calls > 0 else 0.0
    mean = mean_calls * (1 - compacts)
    return CallsAhead(min(low, mean), mean, high, compacts)


def context_band(context: int) -> int:
    """Index of a context's size band."""
    return sum(context >= edge for edge in CONTEXT_BAND_EDGES)


def _return_share(gaps: Sequence[IdleGap]) -> float:
    returned = sum(gap.idle_ms is not None and gap.idle_ms <= DEFAULTS.return_window_ms for gap in gaps)
    return returned / len(gaps) if gaps else 0.0


def return_probability(gaps: Sequence[IdleGap], idle_so_far_ms: int, context: int) -> float:
    """rho: probability that a session idle this long is resumed within twelve hours of its last call.

    The share among past gaps of the same context band that lasted as long, shrunk to that of all bands, and that to the
    default.
    """
    lasted = [gap for gap in gaps if gap.idle_ms is None or gap.idle_ms >= idle_so_far_ms]
    band = context_band(context)
    similar = [gap for gap in lasted if context_band(gap.context) == band]
    weight = DEFAULTS.return_shrink_gaps
    overall = shrink(_return_share(lasted), DEFAULTS.return_probability, len(lasted), weight)
    return shrink(_return_share(similar), overall, len(similar), weight)


def cold_probability(cold_calls: int, calls: int) -> float:
    """q: share of past calls that were cold, shrunk to the shipped share."""
    own = cold_calls / calls if calls else 0.0
    return shrink(own, DEFAULTS.cold_probability, calls, DEFAULTS.growth_shrink_calls)
