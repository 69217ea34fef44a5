"""Remaining calls (Kaplan-Meier, shrunk), the range that savings run over, returns after a pause, cold calls."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.model.defaults import HOUR_MS, MINUTE_MS
from tracker.model.forecast.horizon import (
    IdleGap,
    SessionLength,
    calls_ahead,
    cold_probability,
    context_band,
    remaining_calls,
    return_probability,
)


def ended(*lengths):
    return [SessionLength(calls, True) for calls in lengths]


def test_without_longer_sessions_the_prior_holds():
    assert remaining_calls([], 30) == 50
    assert remaining_calls(ended(10, 30), 30) == 50


def test_own_mean_residual_weighs_k_over_k_plus_ten():
    assert remaining_calls(ended(*[40] * 10), 30) == pytest.approx(0.5 * 10 + 0.5 * 50)


lengths = st.lists(st.integers(1, 400), min_size=1, max_size=40)


@given(lengths, st.integers(0, 100))
def test_with_all_sessions_ended_it_is_the_plain_mean_of_what_was_left(sizes, so_far):
    left = [size - so_far for size in sizes if size > so_far]
    own_share = len(left) / (len(left) + 10)
    plain = sum(left) / len(left) if left else 0
    assert remaining_calls(ended(*sizes), so_far) == pytest.approx(own_share * plain + (1 - own_share) * 50)


@given(lengths, lengths)
def test_an_open_session_never_shortens_the_horizon_against_counting_it_as_ended(sizes, open_sizes):
    closed = ended(*sizes, *open_sizes)
    still_open = ended(*sizes) + [SessionLength(calls, False) for calls in open_sizes]
    assert remaining_calls(still_open, 0) >= remaining_calls(closed, 0) - 1e-9


def test_kaplan_meier_by_hand():
    """Ended at 10 and 30, open at 20: S = 2/3 from 10 on; the open one leaves; all ends at 30."""
    sessions = [SessionLength(10, True), SessionLength(20, False), SessionLength(30, True)]
    mean = 10 + 20 * 2 / 3
    assert remaining_calls(sessions, 0) == pytest.approx(3 / 13 * mean + 10 / 13 * 50)


def test_the_calls_ahead_are_those_of_a_user_who_goes_on():
    ahead = calls_ahead(50, math.inf)
    assert (ahead.point, ahead.compacts) == (50, 0)
    assert (ahead.low, ahead.high) == pytest.approx((50 * math.log(10 / 9), 50 * math.log(10)))


def test_no_saving_is_expected_past_the_clients_own_compaction():
    ahead = calls_ahead(50, 12)
    assert ahead.point == pytest.approx(50 * (1 - math.exp(-12 / 50))), "the mean of what stays below it"
    unlimited = calls_ahead(50, math.inf).high
    assert ahead.high == pytest.approx((12 + unlimited) / 2), "a session that long is spared the client's"
    assert calls_ahead(50, 200).high == unlimited
    assert ahead.compacts == pytest.approx(math.exp(-12 / 50)), "how likely it is to come to that"
    assert calls_ahead(50, 3).low == calls_ahead(50, 3).point < 3


def test_contexts_fall_into_four_bands():
    assert [context_band(size) for size in (0, 49_999, 50_000, 100_000, 200_000, 900_000)] == [0, 0, 1, 2, 3, 3]


def test_return_probability_is_the_default_without_gaps():
    assert return_probability([], 10 * MINUTE_MS, 80_000) == pytest.approx(0.10)


def test_return_probability_counts_gaps_that_lasted_and_were_resumed_in_time():
    gaps = [
        IdleGap(20 * MINUTE_MS, 80_000),  # resumed
        IdleGap(13 * HOUR_MS, 80_000),  # resumed too late
        IdleGap(None, 80_000),  # never
        IdleGap(5 * MINUTE_MS, 80_000),  # had ended by now
    ] * 1_000
    assert return_probability(gaps, 10 * MINUTE_MS, 80_000) == pytest.approx(1 / 3, abs=0.01)
    assert return_probability(gaps, 1 * MINUTE_MS, 80_000) == pytest.approx(1 / 2, abs=0.01)
    assert return_probability(gaps, 14 * HOUR_MS, 80_000) == pytest.approx(0, abs=0.01)


def test_return_probability_leans_on_all_sizes_while_a_band_is_thin():
    gaps = [IdleGap(HOUR_MS, 80_000)] * 20 + [IdleGap(None, 300_000)] * 20
    overall = 0.5 * 40 / 60 + 0.10 * 20 / 60
    assert return_probability(gaps, MINUTE_MS, 80_000) == pytest.approx(0.5 * 1.0 + 0.5 * overall)
    assert return_probability(gaps, MINUTE_MS, 300_000) == pytest.approx(0.5 * 0.0 + 0.5 * overall)


def test_the_cold_probability_is_drawn_to_its_prior():
    assert cold_probability(0, 0) == 0.018
    assert cold_probability(100, 980) == pytest.approx((100 + 20 * 0.018) / 1_000)
