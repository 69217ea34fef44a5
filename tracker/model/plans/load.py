"""The load of days on a plan's windows, and the overflow at a given capacity (MODEL section 9.2).

A five-hour window opens with the first call after the previous one closed, and belongs to the day on which it opened.
Dollars are floats here, as everything from here on is a forecast.
"""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from store.money import NANO_PER_USD
from tracker.model.defaults import HOUR_MS
from tracker.model.plans.billing import Replayed
from tracker.model.plans.plan import Excluded

FIVE_HOURS_MS = 5 * HOUR_MS
# A day known only by its sum is spread over this many windows: a working day touches two.
WINDOWS_OF_AN_UNKNOWN_DAY = 2


class Window(NamedTuple):
    """The covered work in one five-hour window, in dollars."""

    logged: float  # at list price, as recorded
    api: float  # as billed to an API key
    fresh: float  # limit units without cache reads
    read: float  # cache reads at the read rate

    def load(self, read_weight: float | None) -> float:
        """The load in a capacity's unit: dollars as logged, or limit units."""
        return self.logged if read_weight is None else self.fresh + read_weight * self.read


class DayLoad(NamedTuple):
    """One local day: its windows, and the dollars of work that the plan excludes."""

    day: date
    windows: tuple[Window, ...] = ()
    excluded: float = 0.0  # as an API key

    @property
    def covered(self) -> float:
        """Covered work at API prices."""
        return sum(window.api for window in self.windows)

    @property
    def api(self) -> float:
        """Everything at API prices."""
        return self.excluded + self.covered

    @property
    def is_active(self) -> bool:
        """Whether there was any work."""
        return bool(self.windows) or self.excluded > 0


class LoadedCall(NamedTuple):
    """A priced call, for adding up loads; nano-dollars."""

    first_at: int
    day: str
    excluded: int  # Excluded
    logged: int
    api: int
    fresh: int
    read: int
    last_at: int


def loaded_calls(calls: Iterable[Replayed]) -> Iterator[LoadedCall]:
    """The priced calls with their cost as an API key, for `day_loads`; unpriced calls are skipped."""
    for call, api in calls:
        if call.cost is not None:
            yield LoadedCall(
                call.first_at,
                sys.intern(call.day),  # one string for all calls of a day
                int(call.excluded),
                call.cost,
                api or 0,
                call.fresh_nano,
                call.read_nano,
                call.last_at,
            )


def day_loads(calls: Iterable[LoadedCall], excludes: Excluded, first: date, last: date) -> list[DayLoad]:
    """Every day from `first` to `last`, idle ones included, under a plan with these exclusions.

    `calls` must be sorted by time.
    """
    windows: dict[str, list[list[int]]] = {}
    excluded: dict[str, int] = {}
    left_out = int(excludes)
    closes_at = 0
    sums = [0, 0, 0, 0]
    for first_at, day, kinds, logged, api, fresh, read, _ in calls:
        if kinds & left_out:
            excluded[day] = excluded.get(day, 0) + api
            continue
        if first_at >= closes_at:
            closes_at = first_at + FIVE_HOURS_MS
            sums = [0, 0, 0, 0]
            windows.setdefault(day, []).append(sums)
        sums[0] += logged
        sums[1] += api
        sums[2] += fresh
        sums[3] += read
    return [
        DayLoad(
            day,
            tuple(Window(*(value / NANO_PER_USD for value in one)) for one in windows.get(day.isoformat(), ())),
            excluded.get(day.isoformat(), 0) / NANO_PER_USD,
        )
        for day in days_between(first, last)
    ]


def loads_of_sums(usd_by_day: Mapping[date, float], first: date, last: date) -> list[DayLoad]:
    """Days known only by their sums, each spread evenly over two windows; `fresh` and `read` stay unknown."""
    made = []
    for day in days_between(first, last):
        usd = usd_by_day.get(day, 0.0)
        part = usd / WINDOWS_OF_AN_UNKNOWN_DAY
        windows = (Window(part, part, part, 0.0),) * WINDOWS_OF_AN_UNKNOWN_DAY if usd > 0 else ()
        made.append(DayLoad(day, windows))
    return made


def days_between(first: date, last: date) -> list[date]:
    """All days from first to last, inclusive; empty if last is before first."""
    return [first + timedelta(days=step) for step in range((last - first).days + 1)]


class Overflow(NamedTuple):
    """A week's work above the limits."""

    dollars: float  # at API prices
    hit_windows: float  # number of windows and weeks that reached a limit
    bound: float  # dollars at API prices of all work in windows that reached a limit


class Limits(NamedTuple):
    """Sizes of a plan's windows, None for no limit; each in dollars, or in limit units with a read weight."""

    week: float | None
    five_hour: float | None


class WeekLoad(NamedTuple):
    """Seven days of load, in the unit of each limit."""

    windows: Sequence[tuple[float, float, float, bool]]  # dollars at API prices, both loads, whether hits count
    api: float  # dollars at API prices, all windows
    largest: float  # largest load of a five-hour window
    whole: float  # load of the week
    counted: float  # load up to the end of the last window whose hits count


def week_load(
    days: Iterable[DayLoad], week_read_weight: float | None, five_hour_read_weight: float | None, first: int, last: int
) -> WeekLoad:
    """Seven days, of which hits count on those from `first` to `last` (0 = Monday)."""
    windows = []
    api = largest = whole = counted = 0.0
    for weekday, day in enumerate(days):
        is_counted = first <= weekday <= last
        for window in day.windows:
            five_hours, week = window.load(five_hour_read_weight), window.load(week_read_weight)
            windows.append((window.api, five_hours, week, is_counted))
            api += window.api
            largest = max(largest, five_hours)
            whole += week
            counted = whole if is_counted else counted
    return WeekLoad(windows, api, largest, whole, counted)


def week_overflow(week: WeekLoad, limits: Limits) -> Overflow:
    """Overflow of a week: each window is capped at its size, then their sum at the week's.

    Overflow is priced by the share of work that did not fit. A full week counts as a hit if work did not fit on a day
    whose hits count.
    """
    dollars = hits = bound = 0.0
    carried_load, carried_api, counted = week.whole, week.api, week.counted
    if limits.five_hour is not None and week.largest > limits.five_hour:
        carried_load = carried_api = counted = 0.0
        for api, size, load, is_counted in week.windows:
            kept = 1.0
            if size > limits.five_hour:
                kept = limits.five_hour / size
                dollars += api * (1 - kept)
                bound += api
                hits += is_counted
            carried_load += load * kept
            carried_api += api * kept
            if is_counted:
                counted = carried_load
    if limits.week is not None and carried_load > limits.week:
        dollars += carried_api * (1 - limits.week / carried_load)
        bound = week.api
        hits += counted > limits.week
    return Overflow(dollars, hits, bound)
