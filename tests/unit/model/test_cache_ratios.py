"""Ratios are token-weighted, within their ranges, additive, and count neither copies nor unpriced money."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.model.cache_ratios import CacheTotals, chain_totals, epoch_rewrites
from tracker.model.hidden import (
    compaction_request_nano,
    hidden_nano,
    unlogged_prefix_nano,
    unrecorded_by_turn,
)
from tracker.model.misses import judge_chain
from tracker.model.split import split_call


def totals_of(calls):
    verdicts = judge_chain(calls)
    of_call = {call.call_id: call for call in calls}
    pairs = [(verdict.call_id, split_call(of_call[verdict.call_id], verdict.missed)) for verdict in verdicts]
    return chain_totals(calls, verdicts, pairs)


amounts = st.integers(0, 200_000)
prompts = st.lists(st.tuples(amounts, amounts, amounts, st.booleans()), min_size=1, max_size=30)


@given(prompts)
def test_ratios_stay_in_range(make_call, lines):
    calls = [
        make_call(number, input=fresh, cache_read=read, write_5m=written, reset_before="compact" if reset else None)
        for number, (fresh, read, written, reset) in enumerate(lines)
    ]
    totals = totals_of(calls)
    assert totals.hit is None or 0 <= totals.hit <= 1
    assert totals.survival is None or 0 <= totals.survival <= 1
    assert totals.rewrite is None or totals.rewrite >= 0
    assert totals.billed_nano == sum(call.cost or 0 for call in calls)


def test_totals_of_nothing_have_no_ratios():
    empty = CacheTotals()
    assert (empty.hit, empty.survival, empty.rewrite, empty.savings_nano) == (None, None, None, 0)


def test_totals_add_up(make_call):
    one = totals_of([make_call(0, write_5m=1_000), make_call(1, cache_read=1_000, write_5m=500)])
    both = one.plus(one)
    assert both.hit == one.hit
    assert both.savings_nano == 2 * one.savings_nano
    assert both.rewrite == one.rewrite


def test_constant_growth_has_the_known_hit_ratio(make_call):
    """(n-1)/(n+1) for n calls that each add the same: why hit is no target."""
    calls = [make_call(n, cache_read=n * 4_000, write_5m=4_000) for n in range(9)]
    assert totals_of(calls).hit == pytest.approx(8 / 10)


def test_rewrite_is_kept_per_epoch(make_call):
    calls = [
        make_call(0, write_5m=10_000),
        make_call(1, cache_read=10_000, write_5m=10_000),
        make_call(2, write_5m=8_000, reset_before="compact"),
        make_call(3, cache_read=0, write_5m=8_000),
    ]
    assert epoch_rewrites(calls, judge_chain(calls)) == {0: 1.0, 1: 2.0}
    assert totals_of(calls).rewrite == pytest.approx(36 / 28)


def test_a_copy_counts_in_no_ratio(make_call):
    calls = [make_call(0, write_5m=10_000, copied=True), make_call(1, cache_read=10_000)]
    totals = totals_of(calls)
    assert (totals.prompt, totals.written, totals.survival) == (10_000, 0, 1.0)


def test_caching_can_cost_more_than_it_saves(make_call):
    assert totals_of([make_call(0, write_1h=10_000)]).savings_nano < 0


def test_unpriced_calls_count_tokens_but_no_money(make_call):
    totals = totals_of([make_call(0, rates=None, cost=None, write_5m=10_000)])
    assert (totals.written, totals.billed_nano, totals.uncached_nano) == (10_000, 0, 0)


def test_hidden_spend_is_the_clients_total_less_what_was_recorded():
    assert hidden_nano(5_000, 3_000) == 2_000
    assert hidden_nano(1_627_000, 4_194_000) < 0, "a crashed client starts again at zero"


def test_a_compaction_request_reads_the_context_once_more(rates):
    warm = compaction_request_nano(150_000, rates["A"], is_cold=False)
    assert warm == 150_000 * 500 + 5_000 * 25_000
    assert compaction_request_nano(150_000, rates["A"], is_cold=True) == 150_000 * 5_000 + 5_000 * 25_000


def test_a_longer_prefix_than_recorded_points_to_an_unlogged_request(rates):
    assert unlogged_prefix_nano(10_000, 12_000, rates["A"], None) == 10_000 * 500 + 2_000 * 6_250
    assert unlogged_prefix_nano(10_000, 10_000, rates["A"], None) == 0
    assert unlogged_prefix_nano(0, 12_000, rates["A"], None) == 0


def test_unrecorded_requests_fall_on_the_turn_that_pays_for_them(make_call, rates):
    calls = [
        make_call(0, write_5m=10_000, output=500),
        make_call(1, cache_read=10_000, write_5m=1_000),
        make_call(2, cache_read=12_000, write_5m=1_000, output=300),
        make_call(3, write_5m=8_000, reset_before="compact"),
        make_call(4, cache_read=9_000, write_5m=100),
        make_call(5, cache_read=9_500, copied=True),
    ]
    turn_of = {(call.call_id, call.copied): turn for call, turn in zip(calls, (0, 0, 1, 1, 1, 2), strict=True)}
    judged = {one.call_id: one for one in judge_chain(calls)}
    price = calls[0].rates
    assert unrecorded_by_turn(calls, judged, turn_of) == {
        1: unlogged_prefix_nano(11_000, 12_000, price, judged[2].ttl_ms)
        + compaction_request_nano(13_300, price, is_cold=False)
    }, "call 4 reads more than it should inside its turn: nothing can have come between"
