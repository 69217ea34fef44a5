"""The split of a bill is exact to the nano-dollar, whatever the rates; rent splits exactly by origin."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from store.money import component_nano
from tracker.model.cache.misses import judge_chain
from tracker.model.cost.rates import Rates
from tracker.model.cost.split import Split, split_call, split_rent

tokens = st.integers(0, 2_000_000)
odd_rates = st.builds(Rates, *(st.integers(0, 99_999_999),) * 5)
# Like real price rows: a read costs 0.01 $ per million tokens or more, input and writes cost as much more at least.
sane_rates = st.builds(
    lambda read, input_extra, write_extra, hour_extra, output: Rates(
        input=read + input_extra,
        write_5m=read + write_extra,
        write_1h=read + hour_extra,
        read=read,
        output=output,
    ),
    st.integers(10_000, 2_000_000),
    *(st.integers(10_000, 40_000_000),) * 3,
    st.integers(10_000, 150_000_000),
)


@given(st.data(), odd_rates, tokens, tokens, tokens, tokens, tokens, st.integers(-(10**9), 10**12))
def test_parts_sum_to_the_stored_cost_for_any_call(make_call, data, priced, fresh, read, w5, w1, out, cost):
    call = make_call(rates=priced, input=fresh, cache_read=read, write_5m=w5, write_1h=w1, output=out, cost=cost)
    missed = data.draw(st.integers(0, fresh + w5 + w1))
    split = split_call(call, missed)
    assert split is not None
    assert split.rent + split.waste + split.fresh + split.generation + split.other == cost
    assert split.generation == component_nano(out, priced.output)


@given(st.data(), sane_rates, tokens, tokens, tokens, tokens, tokens)
def test_no_part_is_negative_at_real_prices(make_call, data, priced, fresh, read, w5, w1, out):
    call = make_call(rates=priced, input=fresh, cache_read=read, write_5m=w5, write_1h=w1, output=out)
    split = split_call(call, data.draw(st.integers(0, fresh + w5 + w1)))
    assert split is not None
    assert min(split) >= 0
    assert split.other == 0


@given(st.data(), sane_rates, tokens, tokens, tokens, tokens)
def test_parts_follow_the_formulas_within_the_rounding(make_call, data, priced, fresh, read, w5, w1):
    assume(w5 + w1 > 0)
    call = make_call(rates=priced, input=fresh, cache_read=read, write_5m=w5, write_1h=w1)
    missed = data.draw(st.integers(0, fresh + w5 + w1))
    split = split_call(call, missed)
    assert split is not None
    from_writes = min(missed, w5 + w1)
    blended = (w5 * priced.write_5m + w1 * priced.write_1h) / (w5 + w1)
    waste = from_writes * (blended - priced.read) + (missed - from_writes) * (priced.input - priced.read)
    fresh_part = (w5 + w1 - from_writes) * blended + (fresh - missed + from_writes) * priced.input
    assert split.rent == pytest.approx((read + missed) * priced.read / 1_000, rel=1e-9, abs=4)
    assert split.waste == pytest.approx(waste / 1_000, rel=1e-9, abs=4)
    assert split.fresh == pytest.approx(fresh_part / 1_000, rel=1e-9, abs=4)


def test_without_a_miss_nothing_is_waste(make_call):
    split = split_call(make_call(input=7, cache_read=100_001, write_5m=333, output=5), 0)
    assert split is not None
    assert split.waste == 0
    assert split.rent == component_nano(100_001, 500_000)


def test_a_part_without_tokens_is_exactly_zero(make_call):
    odd = Rates(input=1_000_001, write_5m=1_250_333, write_1h=2_000_777, read=100_007, output=5_000_003)
    all_missed = split_call(make_call(rates=odd, input=1_500, cache_read=77, write_5m=333, write_1h=101), 1_934)
    assert all_missed is not None
    assert all_missed.fresh == 0
    all_read = split_call(make_call(rates=odd, cache_read=12_345), 0)
    assert all_read == Split(component_nano(12_345, 100_007), 0, 0, 0, 0)


def test_web_searches_and_what_no_component_explains_are_other(make_call):
    plain = make_call(input=10, cache_read=1_000, output=20)
    assert plain.cost is not None
    searched = plain._replace(web_searches=3, cost=plain.cost + 30_000_000)
    split = split_call(searched, 0)
    assert split is not None
    assert split.other == 30_000_000


def test_a_blended_write_rate_loses_nothing(make_call, rates):
    call = make_call(rates=rates["A"], cache_read=0, write_5m=10_001, write_1h=20_003)
    split = split_call(call, 17_777)
    assert split is not None
    blended = (10_001 * 6_250 + 20_003 * 10_000) / 30_004
    assert split.waste == round(17_777 * (blended - 500))
    assert sum(split) == call.cost


def test_where_nothing_was_written_input_is_what_was_paid_again(make_call):
    split = split_call(make_call(input=10_000, cache_read=3_000, output=20), 4_000)
    assert split == Split(rent=3_500_000, waste=18_000_000, fresh=30_000_000, generation=500_000, other=0)


def test_an_unpriced_call_has_no_split(make_call):
    assert split_call(make_call(rates=None, cost=None, input=5), 0) is None


def test_a_cost_without_rates_is_all_other(make_call):
    split = split_call(make_call(rates=None, cost=42, input=5), 0)
    assert split == Split(0, 0, 0, 0, 42)


def test_more_missed_than_paid_is_an_error(make_call):
    with pytest.raises(ValueError, match="missed 11"):
        split_call(make_call(input=10), 11)


@given(st.lists(st.tuples(tokens, tokens, tokens, tokens), min_size=1, max_size=20), odd_rates)
def test_a_judged_chain_always_splits_exactly(make_call, prompts, priced):
    calls = [
        make_call(number, rates=priced, input=fresh, cache_read=read, write_5m=w5, write_1h=w1)
        for number, (fresh, read, w5, w1) in enumerate(prompts)
    ]
    for call, verdict in zip(calls, judge_chain(calls), strict=True):
        split = split_call(call, verdict.missed)
        assert split is not None
        assert sum(split) == call.cost


@given(st.integers(0, 10**13), tokens, tokens, tokens)
def test_rent_splits_exactly_by_origin(rent, reread, baseline, at_begin):
    parts = split_rent(rent, reread, baseline, at_begin)
    assert sum(parts) == rent
    assert min(parts) >= 0


def test_rent_follows_the_order_of_the_prompt():
    assert split_rent(1_000, 100, 20, 70) == (200, 500, 300)
    assert split_rent(1_000, 100, 20, 10) == (200, 0, 800), "a task that began below the baseline inherited nothing"
    assert split_rent(1_000, 15, 20, 70) == (1_000, 0, 0)
    assert split_rent(1_000, 50, 20, 70) == (400, 600, 0), "after a reset the prompt is shorter than what was carried"
    assert split_rent(0, 0, 20, 70) == (0, 0, 0)


def test_rent_rounds_half_to_even():
    assert [split_rent(rent, 2, 1, 0).baseline for rent in (1, 3, 5)] == [0, 2, 2]
