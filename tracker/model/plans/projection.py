"""Resamples possible months from the recorded days (MODEL section 9.1): a bootstrap of whole weeks.

Weeks are counted back from the last day, whatever its weekday, so that the newest days are always included. With fewer
than four weeks, days are drawn instead, working days and weekends separately, idle days included. A week keeps its
weekdays, so months of any length and weeks at a month's edges come out right.

A plain bootstrap of few weeks covers 66-70 % at nominal 80 %, because it takes the history for the truth. So each
resample first resamples the history, then draws the month, and stretches its distance from the mean by the uncertainty
of a variance estimated from so few weeks. This covers 77-81 % on simulated months.
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
DEFAULT_ACTIVE_DAYS = 22  # working days of a month without observations
# Days of one week are correlated: two or three weeks of days count as this many independent values.
_DAYS_COUNT_AS = 5
_MAX_STRETCH = 3.0
_MAX_SCALE = 3.0


class DrawnWeek(NamedTuple):
    """A calendar week of a resampled month: seven history indices, Monday first, and the range of days that count."""

    days: tuple[int, ...]
    first: int  # first weekday inside the month (0 = Monday)
    last: int


class DrawnMonth(NamedTuple):
    """A resampled month; `scale` multiplies the work of all its days."""

    weeks: list[DrawnWeek]
    scale: float

    def sum_of(self, per_day: Sequence[float]) -> float:
        """Sum of a daily figure of the history over the days that count."""
        return self.scale * _sum(self.weeks, per_day)


class Band(NamedTuple):
    """10th, 50th and 90th percentile of resamples."""

    p10: float
    p50: float
    p90: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Band":
        """The band of resampled values; ValueError if there are none."""
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
        # Weeks that do not begin on a Monday overlap two calendar weeks: one independent value fewer.
        method, values = Method.WEEKS, len(whole) - 1
        months = [_month_of_weeks(draw, whole, spans) for _ in range(resamples)]
    else:
        method, values = Method.DAYS, _DAYS_COUNT_AS
        months = _months_of_days(draw, days, spans, resamples)
    sums = [_sum(weeks, dollars) for weeks in months]
    mean = sum(sums) / len(sums)
    scales = [_stretch(total / mean, values, draw) if total else 1.0 for total in sums]
    return Draws(method, list(map(DrawnMonth, months, scales)))


def month_sums(draws: Draws, per_day: Sequence[float]) -> list[float]:
    """Sum of a daily figure of the history for each resampled month."""
    return [month.sum_of(per_day) for month in draws.months]


def with_active_days(draws: Draws, history_active: Sequence[bool], wanted: int) -> Draws:
    """The months scaled to `wanted` active days; unchanged if no active day was seen."""
    drawn = fmean(_sum(month.weeks, history_active) for month in draws.months)
    factor = wanted / drawn if drawn else 1.0
    return Draws(draws.method, [month._replace(scale=month.scale * factor) for month in draws.months])


def expected_active_days(history_active: Sequence[bool], days_in_month: int) -> int:
    """Active days expected in a month, by the share seen so far and at least one; the default without a history."""
    if not any(history_active):
        return DEFAULT_ACTIVE_DAYS
    return max(1, round(sum(history_active) / len(history_active) * days_in_month))


def first_day_at(spent: Sequence[tuple[date, float]], amount: float) -> date | None:
    """The first day on which the running sum of (day, dollars) reaches the amount; None if never."""
    total = 0.0
    for day, dollars in spent:
        total += dollars
        if total >= amount:
            return day
    return None


def _sum(weeks: Sequence[DrawnWeek], per_day: Sequence[float]) -> float:
    return sum(per_day[index] for week in weeks for index in week.days[week.first : week.last + 1])


def _stretch(ratio: float, values: int, draw: random.Random) -> float:
    """Factor that moves a month from `ratio` times the mean to ratio**s; s reflects a variance known from `values`."""
    spread = draw.gammavariate((values - 1) / 2, 2)
    exponent = min(_MAX_STRETCH, math.sqrt(values / spread)) if spread else _MAX_STRETCH
    return min(_MAX_SCALE, max(1 / _MAX_SCALE, float(ratio ** (exponent - 1))))


def _whole_weeks(days: Sequence[date]) -> list[tuple[int, ...]]:
    """Weeks of seven days counted back from the last day; each as day indices, Monday first."""
    monday = -days[0].weekday()
    return [
        tuple(start + (monday + weekday - start) % 7 for weekday in range(7))
        for start in range(len(days) % 7, len(days), 7)
    ]


def _week_spans(first: date, last: date) -> list[tuple[int, int]]:
    """For each calendar week between the days: its first and last weekday in that period."""
    spans: list[tuple[int, int]] = []
    for day in days_between(first, last):
        if not spans or day.weekday() == 0:
            spans.append((day.weekday(), day.weekday()))
        else:
            spans[-1] = (spans[-1][0], day.weekday())
    return spans


def _spans_within(spans: Sequence[tuple[int, int]], first: int, last: int) -> list[tuple[int, int]]:
    """The spans clipped to some weekdays; an empty span ends before it begins."""
    return [(max(start, first), min(end, last)) for start, end in spans]


def _again(draw: random.Random, pool: Sequence[int]) -> list[int]:
    """A resampled history, with one value fewer, which keeps the spread of its mean unbiased."""
    return draw.choices(pool, k=max(1, len(pool) - 1))


def _month_of_weeks(
    draw: random.Random, weeks: Sequence[tuple[int, ...]], spans: Sequence[tuple[int, int]]
) -> list[DrawnWeek]:
    history = _again(draw, range(len(weeks)))
    chosen = draw.choices(history, k=len(spans))
    return [DrawnWeek(weeks[index], *span) for index, span in zip(chosen, spans, strict=True)]


def _months_of_days(
    draw: random.Random, days: Sequence[date], spans: Sequence[tuple[int, int]], resamples: int
) -> list[list[DrawnWeek]]:
    """Months drawn day by day: working days from working days, weekends from weekends."""
    working = [index for index, day in enumerate(days) if day.weekday() < 5]
    weekend = [index for index, day in enumerate(days) if day.weekday() >= 5]
    # A history of only working days tells nothing about weekends, and vice versa: in half of the months the unseen days
    # are like those seen, in the other half they are idle.
    seen = _spans_within(spans, 0 if working else 5, 6 if weekend else 4)
    months = []
    for number in range(resamples):
        work, rest = _again(draw, working or weekend), _again(draw, weekend or working)
        months.append(
            [
                DrawnWeek((*draw.choices(work, k=5), *draw.choices(rest, k=2)), *span)
                for span in (seen if number % 2 else spans)
            ]
        )
    return months
