"""Meters with a known truth: weight and size are found again, other devices are noticed, drift is told."""

from statistics import fmean

import pytest

from store.task_rows import LimitSample
from tests.unit.plans.meters import Simulated, fit, simulate
from tracker.model.defaults import DAY_MS, HOUR_MS, MINUTE_MS
from tracker.model.plans.calibration import INTERVALS_NEEDED, fit_meter, usable_intervals
from tracker.model.plans.meter import MeteredCall, intervals_of

SEEDS = range(8)


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_weight_and_size_are_recovered_from_whole_percents(weight: float) -> None:
    """MODEL section 10 reports 0.00, 0.33 and 0.90 for these weights: within a tenth of the truth."""
    fits = [fit(simulate(weight, 0.3, seed)) for seed in SEEDS]
    assert all(abs(one.read_weight - weight) <= 0.1 for one in fits)
    assert abs(fmean(one.read_weight for one in fits) - weight) <= 0.05
    assert all(one.size.mid == pytest.approx(30, rel=0.1) for one in fits)
    assert fmean(one.size.mid for one in fits) == pytest.approx(30, rel=0.05)
    assert all(one.elsewhere_share < 0.03 and not one.is_used_elsewhere for one in fits)


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_intervals_hold_the_truth_about_as_often_as_they_say(weight: float) -> None:
    fits = [fit(simulate(weight, 0.3, seed)) for seed in range(12)]
    in_weight = [one.read_weight_interval[0] - 0.005 <= weight <= one.read_weight_interval[1] + 0.005 for one in fits]
    in_size = [one.size.low <= 30 <= one.size.high for one in fits]
    assert fmean(in_weight) >= 0.6
    assert fmean(in_size) >= 0.75


def test_a_weekly_window_is_fitted_as_well() -> None:
    found = fit(simulate(0.3, 1.5, 4, window_hours=168))
    assert found.read_weight == pytest.approx(0.3, abs=0.15)
    assert found.size.mid == pytest.approx(150, rel=0.1)


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_use_on_other_devices_is_detected_and_kept_out(weight: float) -> None:
    for seed in SEEDS:
        found = fit(simulate(weight, 0.3, seed, elsewhere=0.3))
        assert found.is_used_elsewhere
        assert found.read_weight == pytest.approx(weight, abs=0.15)
        assert found.size.mid == pytest.approx(30, rel=0.12)


@pytest.mark.parametrize("weight", [0.0, 0.3, 0.6])
def test_sessions_that_start_together_change_neither_weight_nor_size(weight: float) -> None:
    """Their readings are late: each shows what was used before the others' calls."""
    fits = [fit(simulate(weight, 0.3, seed, together=10)) for seed in SEEDS]
    assert all(abs(one.read_weight - weight) <= 0.1 for one in fits)
    assert fmean(one.read_weight for one in fits) == pytest.approx(weight, abs=0.05)
    assert fmean(one.size.mid for one in fits) == pytest.approx(30, rel=0.05)


def test_a_meter_that_moves_without_this_machine_is_all_elsewhere() -> None:
    samples = [LimitSample(minute * MINUTE_MS, float(minute), 100 * HOUR_MS) for minute in range(90)]
    calls = [MeteredCall(30 * MINUTE_MS, 1.0, 1.0, 0.0)]
    intervals = intervals_of(samples, calls)
    assert usable_intervals(intervals, 100 * MINUTE_MS) == 1
    assert fit_meter(intervals, 100 * MINUTE_MS) is None


def test_fewer_than_thirty_intervals_fit_nothing() -> None:
    meter = simulate(0.3, 0.3, 1, days=2)
    intervals = intervals_of(meter.samples, meter.calls)
    assert 0 < usable_intervals(intervals, meter.now_ms) < INTERVALS_NEEDED
    assert fit_meter(intervals, meter.now_ms) is None


def test_a_window_that_shrinks_by_half_is_an_alert_and_a_steady_one_is_none() -> None:
    before, after = simulate(0.3, 0.4, 1), simulate(0.3, 0.2, 2, since_ms=22 * DAY_MS)
    both = Simulated(before.samples + after.samples, before.calls + after.calls, after.now_ms)
    changed = fit(both)
    assert changed.has_drifted
    assert changed.drift == pytest.approx(-0.5, abs=0.12)
    same = simulate(0.3, 0.4, 2, since_ms=22 * DAY_MS)
    steady = fit(Simulated(before.samples + same.samples, before.calls + same.calls, same.now_ms))
    assert steady.drift is not None
    assert not steady.has_drifted


def test_a_dollar_meter_is_read_in_dollars() -> None:
    """Where the window counts list price, two terms explain hardly more than dollars do."""
    meter = simulate(0.3, 0.3, 5)
    used, resets_at, samples = 0.0, 5 * HOUR_MS, []
    for call in meter.calls:
        while call.at >= resets_at:
            used, resets_at = 0.0, resets_at + 5 * HOUR_MS
        used += call.logged / 0.5
        samples.append(LimitSample(call.at, float(round(min(100.0, used))), resets_at))
    found = fit(Simulated(samples, meter.calls, meter.now_ms))
    assert found.is_plain
    assert found.plain_size.mid == pytest.approx(50, rel=0.1)


# -- cutting readings ----------------------------------------------------------------------------------------------


def reading(minute: int, percent: float, resets_hour: int | None = 5) -> LimitSample:
    return LimitSample(minute * MINUTE_MS, percent, None if resets_hour is None else resets_hour * HOUR_MS)


def spending(*minutes: int) -> list[MeteredCall]:
    return [MeteredCall(minute * MINUTE_MS, 1.0, 0.5, 0.25) for minute in minutes]


def test_intervals_begin_and_end_with_a_rise_and_join_steps_of_one_point() -> None:
    samples = [reading(0, 4), reading(10, 5), reading(20, 6), reading(30, 7), reading(40, 9)]
    intervals = intervals_of(samples, spending(5, 15, 25, 35))
    assert [(one.from_ms, one.until_ms, one.delta_percent) for one in intervals] == [
        (10 * MINUTE_MS, 30 * MINUTE_MS, 2.0),
        (30 * MINUTE_MS, 40 * MINUTE_MS, 2.0),
    ]
    assert [one.spent.logged for one in intervals] == [2.0, 1.0]


def test_resets_cut_and_stale_readings_are_passed_over() -> None:
    samples = [
        reading(0, 10), reading(1, 11), reading(2, 10), reading(3, 14),
        reading(310, 0, 10), reading(311, 1, 10), reading(312, 13, 5), reading(313, 4, 10),
    ]  # fmt: skip
    assert [one.delta_percent for one in intervals_of(samples, spending(2, 312))] == [3.0, 3.0]


def test_without_reset_times_a_drop_is_a_reset() -> None:
    samples = [reading(0, 50, None), reading(1, 51, None), reading(2, 54, None), reading(3, 2, None)]
    samples += [reading(4, 3, None), reading(5, 6, None)]
    assert [one.delta_percent for one in intervals_of(samples, [])] == [3.0, 3.0]


def test_a_reading_after_two_calls_at_once_is_no_end_as_it_may_hold_one_of_them() -> None:
    samples = [reading(0, 4), reading(10, 5), reading(20, 9), reading(30, 12)]
    assert [one.delta_percent for one in intervals_of(samples, spending(10, 15, 20, 30))] == [4.0, 3.0]
    assert [one.delta_percent for one in intervals_of(samples, spending(10, 15, 20, 20, 30))] == [7.0]


def test_a_full_meter_is_not_used() -> None:
    samples = [reading(0, 96), reading(1, 97), reading(2, 100), reading(3, 100)]
    assert intervals_of(samples, spending(1, 2, 3)) == []
