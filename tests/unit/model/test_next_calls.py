"""The forecast is monotone; its band is split conformal with the stated ranks, own first, shipped last."""

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.model.cost.rates import Tariff
from tracker.model.forecast.growth import GrowthEstimate, GrowthPool, estimate_growth
from tracker.model.forecast.next_calls import (
    EpochCall,
    band_for,
    bucket_of,
    epoch_residuals,
    forecast,
    raw_forecast_nano,
)

TARIFF = Tariff(input=5_000, write=6_250, read=500, output=25_000)
ESTIMATE = GrowthEstimate(growth=1_300, output=600)


@given(st.integers(1, 500), st.integers(0, 1_000_000), st.integers(1, 50), st.integers(1, 100_000))
def test_forecast_grows_with_calls_and_with_context(calls, context, more_calls, more_context):
    here = raw_forecast_nano(calls, context, ESTIMATE, TARIFF)
    assert raw_forecast_nano(calls + more_calls, context, ESTIMATE, TARIFF) > here
    assert raw_forecast_nano(calls, context + more_context, ESTIMATE, TARIFF) > here


@given(st.floats(0, 20_000), st.floats(0, 20_000), st.floats(0, 5_000), st.floats(0, 5_000))
def test_forecast_grows_with_growth_and_output(growth, more_growth, output, more_output):
    here = raw_forecast_nano(20, 90_000, GrowthEstimate(growth, output), TARIFF)
    there = raw_forecast_nano(20, 90_000, GrowthEstimate(growth + more_growth, output + more_output), TARIFF)
    assert there >= here


@given(st.integers(1, 200), st.integers(0, 1_000_000))
def test_band_encloses_the_point(calls, context):
    ahead = forecast(calls, context, ESTIMATE, TARIFF, band_for(calls))
    assert 0 < ahead.low_nano <= ahead.point_nano <= ahead.high_nano
    assert "goes on" in ahead.condition


def test_one_call_is_the_next_call():
    assert raw_forecast_nano(1, 100_000, ESTIMATE, TARIFF) == 100_000 * 500 + 1_300 * 6_250 + 600 * 25_000


@pytest.mark.parametrize(
    ("calls", "bucket"), [(0, 5), (1, 5), (5, 5), (7, 5), (8, 10), (14, 10), (15, 20), (28, 20), (29, 40), (500, 40)]
)
def test_calls_fall_in_the_nearest_bucket(calls, bucket):
    assert bucket_of(calls) == bucket


@pytest.mark.parametrize(
    ("calls", "low", "high"), [(5, -0.33, 0.71), (10, -0.28, 0.70), (20, -0.28, 0.55), (40, -0.29, 0.51)]
)
def test_without_own_residuals_the_shipped_band_holds(calls, low, high):
    assert band_for(calls) == (low, 0.0, high, "shipped", 0)


def test_own_residuals_count_from_a_hundred_on():
    assert band_for(10, [0.1] * 100).source == "own"
    assert band_for(10, [0.1] * 99).source == "shipped"


def test_conformal_ranks():
    """m = 109: rank floor(.1*110) = 11 and ceil(.9*110) = 99 of the ordered residuals."""
    shuffled = [float(value) for value in range(1, 110)]
    random.Random(1).shuffle(shuffled)
    band = band_for(10, shuffled)
    assert (band.low, band.median, band.high, band.residuals) == (11, 55, 99, 109)
    hundred = band_for(10, [float(value) for value in range(1, 101)])
    assert (hundred.low, hundred.median, hundred.high) == (10, 50.5, 91)
    assert band_for(10, [float(value) for value in range(1, 109)])[:3] == (10, 54.5, 99), "10.9 and 98.1 of 109"


def test_conformal_band_covers_what_it_says():
    draw = random.Random(7)
    band = band_for(20, [draw.gauss(0.1, 0.4) for _ in range(1_000)])
    inside = sum(band.low <= draw.gauss(0.1, 0.4) <= band.high for _ in range(4_000)) / 4_000
    assert inside == pytest.approx(0.80, abs=0.04)


def test_point_is_moved_by_the_median():
    band = band_for(10, [0.3] * 100)
    ahead = forecast(10, 50_000, ESTIMATE, TARIFF, band)
    assert ahead.point_nano == round(raw_forecast_nano(10, 50_000, ESTIMATE, TARIFF) * math.exp(0.3))


def test_residuals_of_an_epoch_that_went_exactly_as_forecast_are_zero():
    """Constant growth and output equal to the pool: every stretch of ten calls meets its forecast."""
    pool = GrowthPool(growth=1_300, growth_p99=14_000, output=600)
    epoch = []
    context = 40_000
    for _ in range(41):
        cost = (context - 1_300) * TARIFF.read + 1_300 * TARIFF.write + 600 * TARIFF.output
        epoch.append(EpochCall(context, 600, round(cost), ends_turn=len(epoch) % 10 == 0))
        context += 1_300
    residuals = epoch_residuals(epoch, 10, pool, TARIFF)
    assert len(residuals) == 4
    assert residuals == pytest.approx([0.0] * 4, abs=1e-6)


def test_forecasts_are_judged_at_turn_ends_where_they_are_asked_for():
    """The first call of each turn costs ten times as much: a forecast for the turn to come is always short of it."""
    epoch = [EpochCall(40_000, 600, 10**9 if at % 5 == 0 else 10**8, ends_turn=at % 5 == 4) for at in range(15)]
    residuals = epoch_residuals(epoch, 5, GrowthPool(), TARIFF)
    assert len(residuals) == 2, "after the first turn, and after the second"
    expected = raw_forecast_nano(5, 40_000, estimate_growth([0] * 4, [600] * 5, GrowthPool()), TARIFF)
    assert residuals[0] == pytest.approx(math.log(14 * 10**8 / expected))
    assert epoch_residuals([call._replace(ends_turn=False) for call in epoch], 5, GrowthPool(), TARIFF) == []


def test_a_short_epoch_has_no_residuals():
    assert epoch_residuals([EpochCall(40_000, 600, 1, ends_turn=True)] * 10, 10, GrowthPool(), TARIFF) == []


def test_a_stretch_is_forecast_from_the_calls_before_it_alone():
    draw = random.Random(3)
    pool = GrowthPool(growth=1_300, growth_p99=14_000, output=600)
    epoch = [
        EpochCall(40_000 + draw.randrange(9_000) * at, draw.randrange(900), 10**8 + at, ends_turn=at % 10 == 0)
        for at in range(21)
    ]
    before = epoch[:11]
    increments = [after.context - call.context for call, after in pairwise(before)]
    estimate = estimate_growth(increments, [call.output for call in before], pool)
    expected = raw_forecast_nano(10, before[-1].context, estimate, TARIFF)
    assert epoch_residuals(epoch, 10, pool, TARIFF)[1] == pytest.approx(
        math.log(sum(call.cost_nano for call in epoch[11:]) / expected)
    )


def test_a_stretch_that_cost_nothing_has_no_residual():
    epoch = [EpochCall(40_000, 600, 0, ends_turn=True)] * 11
    assert epoch_residuals(epoch, 10, GrowthPool(), TARIFF) == []
    paid = [call._replace(cost_nano=1) for call in epoch]
    assert epoch_residuals(paid, 10, GrowthPool(), Tariff(0, 0, 0, 0)) == [], "nor where nothing was to be paid"
