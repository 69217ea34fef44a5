"""Detects when a meter's windows changed size, through a change of plan or of the plan's limits.

Uses Pettitt's rank test over the intervals with local calls, which is robust against use elsewhere. A change counts
only if no read weight explains the readings without it. Everything here is modelled.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tracker.model.plans.meter import Interval
from tracker.model.quantiles import quantile

_MIN_RATIO = 1.3  # smaller changes are ignored
_MIN_INTERVALS = 10  # on either side of a change
_SURE = 5.0  # standard deviations of a rank sum; no steady meter reached it in 432 simulations
_READ_WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)


class _Split(NamedTuple):
    deviations: float
    first: int  # index of the first interval after the split
    ratio: float  # size after over size before


def size_changes(windows: Mapping[str, Sequence[Interval]]) -> dict[str, int | None]:
    """When each window last changed size, in epoch milliseconds; None if never. Intervals must be sorted by time.

    A change in one window counts for the others too, unless their later readings still fit the old size: a plan changes
    all its windows, and the weekly one is slow to show it.
    """
    own = {
        kind: _changed_at([interval for interval in intervals if interval.spent.logged > 0])
        for kind, intervals in windows.items()
    }
    return {
        kind: max(
            (at for by, at in own.items() if at is not None and (by == kind or not _is_steady(intervals, at))),
            default=None,
        )
        for kind, intervals in windows.items()
    }


def _changed_at(intervals: Sequence[Interval]) -> int | None:
    found: int | None = None
    while (first := _change(intervals)) is not None:
        intervals = intervals[first:]
        found = intervals[0].from_ms
    return found


def _change(intervals: Sequence[Interval]) -> int | None:
    """The first interval after a change."""
    if len(intervals) < 2 * _MIN_INTERVALS:
        return None
    found = min(_split(_sizes(intervals, weight)) for weight in _READ_WEIGHTS)
    return found.first if found.deviations >= _SURE and _is_another(found.ratio) else None


def _split(sizes: Sequence[float]) -> _Split:
    """The split with the greatest difference between the sizes before and after."""
    count, ordered = len(sizes), sorted(sizes)
    ranks = [(bisect_left(ordered, size) + bisect_right(ordered, size) + 1) / 2 for size in sizes]
    found, total = (0.0, _MIN_INTERVALS), 0.0
    for before, rank in enumerate(ranks[:-_MIN_INTERVALS], 1):
        total += rank
        if before >= _MIN_INTERVALS:
            spread = math.sqrt(before * (count - before) * (count + 1) / 12)
            found = max(found, (abs(total - before * (count + 1) / 2) / spread, before))
    deviations, first = found
    return _Split(deviations, first, _ratio(sizes[:first], sizes[first:]))


def _is_steady(intervals: Sequence[Interval], at_ms: int) -> bool:
    """Whether the readings since then fit the size before, at some read weight."""
    local = [interval for interval in intervals if interval.spent.logged > 0]
    before = [interval for interval in local if interval.until_ms <= at_ms]
    since = [interval for interval in local if interval.from_ms >= at_ms]
    return bool(before and since) and not all(
        _is_another(_ratio(_sizes(before, weight), _sizes(since, weight))) for weight in _READ_WEIGHTS
    )


def _sizes(intervals: Sequence[Interval], weight: float) -> list[float]:
    return [interval.spent.load(weight) / interval.delta_percent for interval in intervals]


def _ratio(before: Sequence[float], after: Sequence[float]) -> float:
    earlier, later = quantile(before, 0.5), quantile(after, 0.5)
    return later / earlier if earlier and later else 1.0


def _is_another(ratio: float) -> bool:
    return max(ratio, 1 / ratio) > _MIN_RATIO
