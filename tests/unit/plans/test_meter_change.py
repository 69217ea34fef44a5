"""A meter whose windows take another size, as they do when the plan changes."""

import pytest

from tests.unit.plans.meters import Simulated, simulate
from tracker.model.defaults import DAY_MS, HOUR_MS
from tracker.model.plans.calibration import INTERVALS_NEEDED, fit_meter, usable_intervals
from tracker.model.plans.meter import Interval, intervals_of
from tracker.model.plans.meter_change import size_changes

WEEK_HOURS = 168


def intervals(*meters: Simulated) -> list[Interval]:
    """The intervals of meters that follow each other."""
    return intervals_of(
        [one for meter in meters for one in meter.samples], [one for each in meters for one in each.calls]
    )


def changed_at(*meters: Simulated) -> int | None:
    """When the five-hour window last took another size."""
    return size_changes({"five_hour": intervals(*meters)})["five_hour"]


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("elsewhere", [0.0, 0.5])
def test_a_steady_meter_has_no_change(weight: float, elsewhere: float) -> None:
    for seed in range(3):
        assert changed_at(simulate(weight, 0.1, seed, days=42, elsewhere=elsewhere)) is None


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("ratio", [8.3, 2.0, 0.5, 0.12])
def test_another_plan_is_noticed_within_days_and_its_size_alone_is_fitted(weight: float, ratio: float) -> None:
    size = 0.05 if ratio > 1 else 0.4
    before = simulate(weight, size, 1, days=28)
    after = simulate(weight, size * ratio, 2, days=16, since_ms=before.now_ms + HOUR_MS)
    both = intervals(before, after)
    at = size_changes({"five_hour": both})["five_hour"]
    assert at is not None
    assert abs(at - before.now_ms) < 2 * DAY_MS
    fit = fit_meter(both, after.now_ms, at)
    assert fit is not None
    assert fit.size.mid == pytest.approx(100 * size * ratio, rel=0.25)
    assert fit.has_drifted
    assert (fit.drift or 0) > 0 if ratio > 1 else (fit.drift or 0) < 0


def test_a_plan_of_few_days_has_no_size_of_the_plan_before() -> None:
    before = simulate(0.3, 0.05, 1, days=28)
    after = simulate(0.3, 0.4, 2, days=4, since_ms=before.now_ms + HOUR_MS)
    both = intervals(before, after)
    at = changed_at(before, after)
    assert at is not None
    assert 0 < usable_intervals(both, after.now_ms, at) < INTERVALS_NEEDED
    assert fit_meter(both, after.now_ms, at) is None
    assert fit_meter(both, after.now_ms) is not None


def test_the_week_changes_with_five_hours_unless_its_own_readings_say_otherwise() -> None:
    before, after = simulate(0.3, 0.05, 1, days=28), simulate(0.3, 0.4, 2, days=4, since_ms=28 * DAY_MS)
    short = intervals(before, after)
    old_week = simulate(0.3, 0.5, 3, days=28, window_hours=WEEK_HOURS)
    new_week = simulate(0.3, 4.0, 4, days=4, since_ms=28 * DAY_MS, window_hours=WEEK_HOURS)
    found = size_changes({"five_hour": short, "seven_day": intervals(old_week, new_week)})
    assert found["five_hour"] is not None
    assert found["seven_day"] == found["five_hour"]
    steady = intervals(simulate(0.3, 0.5, 3, days=32, window_hours=WEEK_HOURS))
    assert size_changes({"five_hour": short, "seven_day": steady})["seven_day"] is None
