"""Splits the readings of a plan's meter (MODEL section 9.3) into intervals, with this machine's spend in each.

Readings are whole percents of a window that other devices and the web chat may use too. Nothing is smoothed here.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

from store.task_rows import LimitSample
from tracker.model.defaults import MINUTE_MS

_MIN_DELTA_PERCENT = 2.0  # readings are whole percents: a smaller step is mostly rounding
_FULL_PERCENT = 99.5  # a full meter no longer moves
_LATE_MS = 1_000  # the status line is drawn up to so long after the answer that brought its reading
_SAME_RESET_MS = 10 * MINUTE_MS
_DROP_WITHOUT_RESET_PERCENT = 5.0


class MeteredCall(NamedTuple):
    """A call's contribution to the meter: dollars as logged, and the two terms of a limit unit."""

    at: int  # when it ended
    logged: float
    fresh: float
    read: float


class Spent(NamedTuple):
    """This machine's spend in dollars between two moments."""

    logged: float
    fresh: float
    read: float

    def load(self, read_weight: float | None) -> float:
        """The load in limit units, or in plain dollars if `read_weight` is None."""
        return self.logged if read_weight is None else self.fresh + read_weight * self.read


class Interval(NamedTuple):
    """The meter's movement between two readings of one window, and this machine's spend in between."""

    from_ms: int
    until_ms: int
    delta_percent: float
    spent: Spent
    last_step_before: Spent  # spent between the opening reading and the one before it
    last_step: Spent  # spent between the closing reading and the one before it

    def moved(self, read_weight: float | None, per_percent: float | None) -> float:
        """Percent that the meter moved; with `per_percent` known, most of the rounding is corrected.

        Right after a reading rises, the true value is the reading less half a percent, plus half of what the last step
        added (at most half a percent).
        """
        if per_percent is None:
            return self.delta_percent
        beyond = [
            min(1.0, step.load(read_weight) / per_percent) / 2 for step in (self.last_step_before, self.last_step)
        ]
        return max(0.0, self.delta_percent + beyond[1] - beyond[0])


def intervals_of(samples: Iterable[LimitSample], calls: Sequence[MeteredCall]) -> list[Interval]:
    """Split one window kind's readings at resets, and merge steps to at least two points; `calls` sorted by time.

    Sessions repeat the last value they saw, so a reading below its window's maximum is stale, not a decrease. Intervals
    begin and end where a reading has just risen, so that both ends are rounded alike, and where it holds all calls so
    far: of several calls that end together each session's reading holds its own, and what is put down to the wrong
    interval makes cache reads seem heavier. A window's first reading is not used: with it, windows seemed a fifth too
    small.
    """
    times = [call.at for call in calls]
    sums = [
        list(accumulate(values, initial=0.0))
        for values in ((call.logged for call in calls), (call.fresh for call in calls), (call.read for call in calls))
    ]

    def spent(from_ms: int, until_ms: int) -> Spent:
        start, end = bisect_right(times, from_ms), bisect_right(times, until_ms)
        return Spent(*(total[end] - total[start] for total in sums))

    def is_complete(sample: LimitSample) -> bool:
        return bisect_right(times, sample.at) - bisect_right(times, sample.at - _LATE_MS) <= 1

    made: list[Interval] = []
    for window in _windows(samples):
        base: LimitSample | None = None
        base_step = Spent(0.0, 0.0, 0.0)
        for before, sample in pairwise(window):
            if sample.used_percent <= before.used_percent or not is_complete(sample):
                continue
            step = spent(before.at, sample.at)
            if base is None:
                base, base_step = sample, step
                continue
            delta = sample.used_percent - base.used_percent
            if delta < _MIN_DELTA_PERCENT:
                continue
            if sample.used_percent < _FULL_PERCENT:
                made.append(Interval(base.at, sample.at, delta, spent(base.at, sample.at), base_step, step))
            base, base_step = sample, step
    return made


def _windows(samples: Iterable[LimitSample]) -> list[list[LimitSample]]:
    """The rising readings between resets; stale ones are dropped."""
    windows: list[list[LimitSample]] = []
    for sample in sorted(samples, key=lambda sample: sample.at):
        window = windows[-1] if windows else None
        if window is None or _is_next_window(window[-1], sample):
            windows.append([sample])
        elif _same_reset(window[-1], sample) and sample.used_percent >= window[-1].used_percent:
            window.append(sample)
    return windows


def _is_next_window(last: LimitSample, sample: LimitSample) -> bool:
    if last.resets_at is None or sample.resets_at is None:
        return sample.used_percent < last.used_percent - _DROP_WITHOUT_RESET_PERCENT
    return sample.resets_at > last.resets_at + _SAME_RESET_MS


def _same_reset(last: LimitSample, sample: LimitSample) -> bool:
    if last.resets_at is None or sample.resets_at is None:
        return True
    return abs(sample.resets_at - last.resets_at) <= _SAME_RESET_MS
