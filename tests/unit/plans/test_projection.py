"""Months drawn from days: calendars of every shape, and bands that cover what they claim."""

import random
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.model.plans.load import days_between
from tracker.model.plans.projection import (
    DEFAULT_ACTIVE_DAYS,
    Band,
    Method,
    draw_months,
    expected_active_days,
    first_day_at,
    month_bounds,
    month_sums,
)


def flat(first: date, count: int) -> list[tuple[date, float]]:
    """Working days of a dollar."""
    days = [first + timedelta(days=step) for step in range(count)]
    return [(day, 1.0 if day.weekday() < 5 else 0.0) for day in days]


@pytest.mark.parametrize(
    ("any_day", "last", "working_days"),
    [
        (date(2026, 2, 14), date(2026, 2, 28), 20),
        (date(2028, 2, 1), date(2028, 2, 29), 21),  # leap year
        (date(2026, 3, 29), date(2026, 3, 31), 22),  # daylight saving begins
        (date(2026, 10, 25), date(2026, 10, 31), 22),  # and ends
        (date(2026, 12, 31), date(2026, 12, 31), 23),
    ],
)
def test_a_drawn_month_has_the_working_days_of_its_calendar(any_day: date, last: date, working_days: int) -> None:
    first, end = month_bounds(any_day)
    assert (first.day, end) == (1, last)
    history = flat(date(2026, 1, 5), 56)
    sums = month_sums(draw_months(history, first, end, 50), [usd for _, usd in history])
    assert set(sums) == {working_days}


def test_whole_weeks_are_drawn_from_four_on_and_days_before() -> None:
    monday = date(2026, 9, 7)
    assert draw_months(flat(monday, 28), monday, monday, 5).method == Method.WEEKS
    assert draw_months(flat(monday, 27), monday, monday, 5).method == Method.DAYS
    assert draw_months(flat(monday + timedelta(days=2), 28), monday, monday, 5).method == Method.WEEKS


@pytest.mark.parametrize("until", range(7))
def test_the_newest_days_are_drawn_whatever_weekday_it_is(until: int) -> None:
    """Five idle weeks and a busy one: its working days fall on working days, and the older idle days are left out."""
    days = [date(2026, 9, 7) + timedelta(days=until + step) for step in range(6 * 7 + 3)]
    history = [(day, 1.0 if day > days[-8] and day.weekday() < 5 else 0.0) for day in days]
    month = date(2026, 11, 2), date(2026, 11, 29)
    drawn = draw_months(history, *month, 50)
    sums = {sum(history[index][1] for week in one.weeks for index in week.days) for one in drawn.months}
    assert sums <= {0.0, 5.0, 10.0, 15.0, 20.0}
    assert max(sums) > 0
    assert all(
        history[week.days[weekday]][0].weekday() == weekday
        for one in drawn.months
        for week in one.weeks
        for weekday in range(7)
    )


def test_days_are_drawn_with_weekends_apart() -> None:
    history = flat(date(2026, 9, 7), 14)
    sums = month_sums(draw_months(history, date(2026, 11, 1), date(2026, 11, 30), 100), [usd for _, usd in history])
    assert set(sums) == {21}


@pytest.mark.parametrize(("seen", "like_it"), [(date(2026, 9, 9), 7), (date(2026, 9, 12), 3)])
def test_a_kind_of_day_that_was_never_seen_is_idle_in_half_of_the_months(seen: date, like_it: int) -> None:
    """Ten days, seven of them working days: all of them are like the only one seen, or those of its kind."""
    draws = draw_months([(seen, 2.0)], date(2026, 9, 10), date(2026, 9, 19), 10)
    sums = [month._replace(scale=1.0).sum_of([2.0]) for month in draws.months]
    assert sums == [20.0, 2.0 * like_it] * 5
    band = Band.of(month_sums(draws, [2.0]))
    assert band.p10 < band.p90


def test_an_empty_history_is_refused() -> None:
    with pytest.raises(ValueError, match="no days"):
        draw_months([], date(2026, 9, 1), date(2026, 9, 30))


def test_the_same_seed_gives_the_same_months() -> None:
    history = [(day, float(day.day)) for day, _ in flat(date(2026, 9, 7), 60)]
    span = (date(2026, 11, 1), date(2026, 11, 30))
    assert draw_months(history, *span, 20, seed=3) == draw_months(history, *span, 20, seed=3)


@given(
    st.dates(date(2024, 1, 1), date(2028, 12, 31)),
    st.integers(7, 80),
    st.floats(0.01, 1000),
)
def test_a_constant_load_has_no_spread(first: date, count: int, usd: float) -> None:
    history = [(first + timedelta(days=step), usd) for step in range(count)]
    start, end = month_bounds(first)
    sums = month_sums(draw_months(history, start, end, 10), [usd] * count)
    band = Band.of(sums)
    assert band.p10 == pytest.approx(band.p90)
    assert band.p50 == pytest.approx(usd * len(days_between(start, end)))


def _simulated(draw: random.Random, first: date, count: int, sigma: float) -> list[tuple[date, float]]:
    """A person: works on 85 % of weekdays and 20 % of other days, with log-normal spend; some weeks are busier."""
    made = []
    busy = 1.0
    for step in range(count):
        day = first + timedelta(days=step)
        if day.weekday() == 0:
            busy = draw.lognormvariate(0, 0.25)
        works = draw.random() < (0.85 if day.weekday() < 5 else 0.2)
        made.append((day, busy * draw.lognormvariate(2, sigma) if works else 0.0))
    return made


@pytest.mark.parametrize(("sigma", "weeks"), [(0.4, (5, 8, 13, 26)), (0.8, (5, 8, 13, 26)), (0.8, (2, 3))])
def test_bands_cover_four_months_in_five(sigma: float, weeks: tuple[int, ...]) -> None:
    draw = random.Random(20261121)
    covered = months = 0
    for history_weeks in weeks:
        for seed in range(600 // len(weeks)):
            first = date(2026, 1, 5) + timedelta(days=draw.randrange(28))
            history = _simulated(draw, first, history_weeks * 7 + 6, sigma)
            start = history[-1][0] + timedelta(days=1)
            month = _simulated(draw, start, 30, sigma)
            drawn = draw_months(history, start, month[-1][0], 200, seed)
            band = Band.of(month_sums(drawn, [usd for _, usd in history]))
            covered += band.p10 <= sum(usd for _, usd in month) <= band.p90
            months += 1
    assert 0.75 <= covered / months <= 0.85


def test_active_days_are_observed_and_default_only_where_nothing_was() -> None:
    assert expected_active_days([True] * 5 + [False] * 2, 30) == 21
    assert expected_active_days([False] * 9 + [True], 31) == 3
    assert expected_active_days([False] * 9, 31) == DEFAULT_ACTIVE_DAYS
    assert expected_active_days([], 31) == DEFAULT_ACTIVE_DAYS


def test_break_even_day_is_the_first_at_which_the_sum_reaches_the_fee() -> None:
    spent = [(date(2026, 11, day), 4.0) for day in range(2, 12)]
    assert first_day_at(spent, 20) == date(2026, 11, 6)
    assert first_day_at(spent, 41) is None


@pytest.mark.parametrize(("fee", "per_day"), [(20, 0.91), (100, 4.55), (200, 9.09)])
def test_break_even_a_day_of_model_9(fee: float, per_day: float) -> None:
    assert round(fee / DEFAULT_ACTIVE_DAYS, 2) == per_day
