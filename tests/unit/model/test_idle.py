"""Pauses: the price of a cold call, compacting before it, pings, and a fresh start."""

import pytest

from tracker.model.advice.compaction import CompactionShape, compaction_nano
from tracker.model.advice.fresh_start import (
    Orientation,
    fresh_context_tokens,
    new_session_nano,
    new_session_saving_nano_per_call,
)
from tracker.model.advice.idle import (
    cold_penalty_nano,
    compact_before_expiry_nano,
    keep_warm_pings,
)
from tracker.model.cache.cache_life import is_expired
from tracker.model.cost.rates import Rates, Tariff
from tracker.model.defaults import SECOND_MS, TTL_1H_MS, TTL_5M_MS

SHAPE = CompactionShape(
    baseline=22_000, static_floor=15_000, summary_kept=6_000, reread=8_000, extra_calls=3, output=500
)
A_1H = Tariff(input=5_000, write=10_000, read=500, output=25_000)


def test_cold_penalty_is_what_a_cold_call_costs_more():
    assert cold_penalty_nano(150_000, 15_000, A_1H) == 135_000 * (A_1H.write - A_1H.read)
    assert cold_penalty_nano(10_000, 15_000, A_1H) == 0


def test_compacting_before_expiry_is_a_bet_on_the_return():
    never = compact_before_expiry_nano(150_000, 0.0, 50, SHAPE, A_1H)
    assert never == -(150_000 * 500 + 5_000 * 25_000)
    surely = compact_before_expiry_nano(150_000, 1.0, 50, SHAPE, A_1H)
    assert surely == pytest.approx(never + 114_000 * (10_000 + 50 * 500) - 3 * (500 * 36_000 + 500 * 25_000))
    assert compact_before_expiry_nano(150_000, 0.5, 50, SHAPE, A_1H) == pytest.approx((never + surely) / 2)


def test_a_cache_expires_ten_seconds_after_its_lifetime():
    assert is_expired(TTL_5M_MS + 10 * SECOND_MS, TTL_5M_MS)
    assert not is_expired(TTL_5M_MS + 10 * SECOND_MS - 1, TTL_5M_MS)
    assert not is_expired(9 * TTL_1H_MS, None)


def test_a_new_session_by_hand():
    orientation = Orientation(tokens=15_000, calls=6)
    once = new_session_nano(SHAPE, orientation, A_1H)
    assert once == pytest.approx(9_500 * 7_000 + 10_000 * 15_500 + 6 * (500 * 37_000 + 500 * 25_000))
    assert fresh_context_tokens(SHAPE, orientation) == 37_000
    per_call = new_session_saving_nano_per_call(150_000, SHAPE, orientation, A_1H, 0.006)
    assert per_call == pytest.approx(113_000 * 557)


def test_a_cold_compaction_costs_more_than_a_warm_one():
    assert compaction_nano(150_000, SHAPE, A_1H, is_cold=True) > compaction_nano(150_000, SHAPE, A_1H)


def test_no_ping_is_worth_it_where_reads_are_no_cheaper():
    assert keep_warm_pings(Rates(5_000_000, 5_000_000, 5_000_000, 5_000_000, 1), TTL_5M_MS) == 0
    assert keep_warm_pings(Rates(5_000_000, 5_000_000, 5_000_000, 0, 1), TTL_5M_MS) == 0
