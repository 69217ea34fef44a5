"""Loads: what a person's days put on a plan's windows, and what overflows a given capacity (MODEL section 9.2).

A five-hour window opens with the first call after the last one closed, and belongs to the day on which it opened.
Dollars are floats here: everything after this point is a forecast.
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
# A day that is known only by its sum is spread over this many windows: a working day touches two.
WINDOWS_OF_AN_UNKNOWN_DAY = 2


class Window(NamedTuple):
    """What fell into one five-hour window and is covered by the plan, in dollars."""

    logged: float  # at list price, as recorded
    api: float  # as an API key would have been billed
    fresh: float  # limit units without cache reads
    read: float  # cache reads at the read rate

    def load(self, read_weight: float | None) -> float:
        """The load in the unit of a capacity: dollars as logged, or limit units."""
        return self.logged if read_weight is None else self.fresh + read_weight * self.read


class DayLoad(NamedTuple):
    """One local day: its windows, and the dollars that the plan never covers."""

    day: date
    windows: tuple[Window, ...] = ()
    excluded: float = 0.0  # as an API key

    @property
    def covered(self) -> float:
        """What the plan carries, at API prices."""
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
    """A priced call as loads are added up from it; nano-dollars."""

    first_at: int
    day: str
    excluded: int  # Excluded
    logged: int
    api: int
    fresh: int
    read: int
    last_at: int


def loaded_calls(calls: Iterable[Replayed]) -> Iterator[LoadedCall]:
    """Calls with their cost as an API key, ready for `day_loads`.

    Unpriced calls weigh nothing: the caller says how many there were.
    """
    for call, api in calls:
        if call.cost is not None:
            yield LoadedCall(
                call.first_at,
                sys.intern(call.day),  # one text for the thousands of calls of a day
                int(call.excluded),
                call.cost,
                api or 0,
                call.fresh_nano,
                call.read_nano,
                call.last_at,
            )


def day_loads(calls: Iterable[LoadedCall], excludes: Excluded, first: date, last: date) -> list[DayLoad]:
    """Every day from `first` to `last`, idle ones included, under a plan that leaves out `excludes`.

    `calls` ascend by time.
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
    """Days that are known only by their sums, spread evenly over two windows each; fresh and read stay unknown."""
    made = []
    for day in days_between(first, last):
        usd = usd_by_day.get(day, 0.0)
        part = usd / WINDOWS_OF_AN_UNKNOWN_DAY
        windows = (Window(part, part, part, 0.0),) * WINDOWS_OF_AN_UNKNOWN_DAY if usd > 0 else ()
        made.append(DayLoad(day, windows))
    return made


def days_between(first: date, last: date) -> list[date]:
    """All days from the first to the last, both included; none if they are the wrong way round."""
    return [first + timedelta(days=step) for step in range((last - first).days + 1)]


class Overflow(NamedTuple):
    """What a week put above its limits."""

    dollars: float  # above the limits, at API prices
    hit_windows: float  # windows and weeks that reached a limit
    bound: float  # dollars at API prices of work in windows that reached a limit


class Limits(NamedTuple):
    """Sizes of a plan's windows; None is no limit. Each in its own unit: dollars, or limit units of a read weight."""

    week: float | None
    five_hour: float | None


class WeekLoad(NamedTuple):
    """Seven days as a plan's windows meet them; loads in the unit of each limit."""

    windows: Sequence[tuple[float, float, float, bool]]  # dollars at API prices, both loads, whether hits count
    api: float  # of all windows
    largest: float  # load of a five-hour window
    whole: float  # load of the week
    counted: float  # the same up to the end of the last window whose hits count


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
    """A week against a plan's windows: each window is cut at its size, then their sum at the week's.

    Overflow is priced by the share of the work that did not fit. A full week is a hit if there was work that no longer
    fitted on days whose hits count.
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
