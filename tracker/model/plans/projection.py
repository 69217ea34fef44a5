"""Months that could follow from the days seen so far (MODEL section 9.1): a bootstrap of whole weeks.

Weeks are counted back from the last day, whatever weekday it is, so that the newest days are always among them. With
fewer than four, days are drawn instead, working days apart from weekends, idle days included. A week of the month keeps
its weekdays, so months of any length and edge weeks come out right.

A plain bootstrap of few weeks covers 66-70 % at nominal 80 %, because it takes the history for the truth. So each
resample draws the history again before it draws the month, and stretches the month's distance from the mean as far as
a variance known from so few weeks may be wrong; then it covers 77-81 % on simulated months.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import fmean
from typing import NamedTuple

from tracker.model.plans.load import days_between
from tracker.model.quantiles import middle_80, quantile

RESAMPLES = 2_000
WEEKS_FOR_WEEK_BOOTSTRAP = 4
ACTIVE_DAYS_FOR_A_BAND = 7
DEFAULT_ACTIVE_DAYS = 22  # working days of a month where nothing was observed
# Days of one week resemble each other: two or three weeks of days count as this many independent values.
_DAYS_COUNT_AS = 5
_MAX_STRETCH = 3.0
_MAX_SCALE = 3.0


class DrawnWeek(NamedTuple):
    """A calendar week of a resampled month: seven indices into the history, Monday first, and which of them count."""

    days: tuple[int, ...]
    first: int  # first weekday that lies in the month (0 = Monday)
    last: int


class DrawnMonth(NamedTuple):
    """A resampled month; `scale` multiplies the work of all its days."""

    weeks: list[DrawnWeek]
    scale: float

    def sum_of(self, per_day: Sequence[float]) -> float:
        """Sum of a figure of the history's days over the days that count."""
        return self.scale * _sum(self.weeks, per_day)


class Band(NamedTuple):
    """10th, 50th and 90th percentile of resamples."""

    p10: float
    p50: float
    p90: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Band":
        """The band of resampled values; ValueError when there are none."""
        low, high = middle_80(values)
        return cls(low, quantile(values, 0.5), high)


class Method:
    """How months are drawn."""

    WEEKS = "whole weeks"
    DAYS = "days, weekdays and weekends apart"


@dataclass(frozen=True, slots=True)
class Draws:
    """Resampled months over one history of days."""

    method: str
    months: list[DrawnMonth]


def month_bounds(day: date) -> tuple[date, date]:
    """First and last day of the calendar month."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def draw_months(
    history: Sequence[tuple[date, float]], first: date, last: date, resamples: int = RESAMPLES, seed: int = 0
) -> Draws:
    """Draw the days from `first` to `last` out of a contiguous history of (day, dollars); ValueError if it is empty."""
    if not history:
        raise ValueError("no days to draw from")
    days = [day for day, _ in history]
    dollars = [value for _, value in history]
    draw = random.Random(seed)  # noqa: S311 — resampling, not a secret
    spans = _week_spans(first, last)
    whole = _whole_weeks(days)
    if len(whole) >= WEEKS_FOR_WEEK_BOOTSTRAP:
        # Weeks that do not begin on a Monday share their calendar week with the next: one independent value fewer.
        method, values = Method.WEEKS, len(whole) - 1
        months = [_month_of_weeks(draw, whole, spans) for _ in range(resamples)]
    else:
        method, values = Method.DAYS, _DAYS_COUNT_AS
        working = [index for index, day in enumerate(days) if day.weekday() < 5]
        weekend = [index for index, day in enumerate(days) if day.weekday() >= 5]
        # A history of a few working days says nothing of weekends, nor the other way round: in half of the months they
        # are days like those seen, in the other half they are idle.
        pools = (working or weekend, weekend or working)
        seen = _spans_within(spans, 0 if working else 5, 6 if weekend else 4)
        months = [_month_of_days(draw, pools, seen if index % 2 else spans) for index in range(resamples)]
    sums = [_sum(weeks, dollars) for weeks in months]
    mean = sum(sums) / len(sums)
    return Draws(
        method,
        [
            DrawnMonth(weeks, _stretch(total / mean, values, draw) if total else 1.0)
            for weeks, total in zip(months, sums, strict=True)
        ],
    )


def month_sums(draws: Draws, per_day: Sequence[float]) -> list[float]:
    """Sum of a figure of each history day over the days of each resampled month that count."""
    return [month.sum_of(per_day) for month in draws.months]


def with_active_days(draws: Draws, history_active: Sequence[bool], wanted: int) -> Draws:
    """The same months with as much work as `wanted` days like those seen; as they are where none was seen."""
    drawn = fmean(_sum(month.weeks, history_active) for month in draws.months)
    factor = wanted / drawn if drawn else 1.0
    return Draws(draws.method, [month._replace(scale=month.scale * factor) for month in draws.months])


def expected_active_days(history_active: Sequence[bool], days_in_month: int) -> int:
    """Working days of a month at the share of days seen active, at least one; the default where nothing was seen."""
    if not any(history_active):
        return DEFAULT_ACTIVE_DAYS
    return max(1, round(sum(history_active) / len(history_active) * days_in_month))


def first_day_at(spent: Sequence[tuple[date, float]], amount: float) -> date | None:
    """The first day on which the running sum of (day, dollars) reaches the amount; None if it never does."""
    total = 0.0
    for day, dollars in spent:
        total += dollars
        if total >= amount:
            return day
    return None


def _sum(weeks: Sequence[DrawnWeek], per_day: Sequence[float]) -> float:
    return sum(per_day[index] for week in weeks for index in week.days[week.first : week.last + 1])


def _stretch(ratio: float, values: int, draw: random.Random) -> float:
    """Factor that takes a month at `ratio` of the mean to ratio**s, s drawn from what `values` say of a variance."""
    spread = draw.gammavariate((values - 1) / 2, 2)
    exponent = min(_MAX_STRETCH, math.sqrt(values / spread)) if spread else _MAX_STRETCH
    return min(_MAX_SCALE, max(1 / _MAX_SCALE, float(ratio ** (exponent - 1))))


def _whole_weeks(days: Sequence[date]) -> list[tuple[int, ...]]:
    """Weeks of seven days that end with the last day; of each the days' indices, Monday first."""
    monday = -days[0].weekday()
    return [
        tuple(start + (monday + weekday - start) % 7 for weekday in range(7))
        for start in range(len(days) % 7, len(days), 7)
    ]


def _week_spans(first: date, last: date) -> list[tuple[int, int]]:
    """For each calendar week that the days touch: the first and last weekday among them."""
    spans: list[tuple[int, int]] = []
    for day in days_between(first, last):
        if not spans or day.weekday() == 0:
            spans.append((day.weekday(), day.weekday()))
        else:
            spans[-1] = (spans[-1][0], day.weekday())
    return spans


def _spans_within(spans: Sequence[tuple[int, int]], first: int, last: int) -> list[tuple[int, int]]:
    """The spans cut to some weekdays; one that has none of them ends before it begins, and holds no day."""
    return [(max(start, first), min(end, last)) for start, end in spans]


def _again(draw: random.Random, pool: Sequence[int]) -> list[int]:
    """A history of the same kind: one draw fewer than there are values keeps the spread of their mean unbiased."""
    return draw.choices(pool, k=max(1, len(pool) - 1))


def _month_of_weeks(
    draw: random.Random, weeks: Sequence[tuple[int, ...]], spans: Sequence[tuple[int, int]]
) -> list[DrawnWeek]:
    history = _again(draw, range(len(weeks)))
    chosen = draw.choices(history, k=len(spans))
    return [DrawnWeek(weeks[index], *span) for index, span in zip(chosen, spans, strict=True)]


def _month_of_days(
    draw: random.Random, pools: tuple[Sequence[int], Sequence[int]], spans: Sequence[tuple[int, int]]
) -> list[DrawnWeek]:
    working, weekend = (_again(draw, pool) for pool in pools)
    return [DrawnWeek((*draw.choices(working, k=5), *draw.choices(weekend, k=2)), *span) for span in spans]
