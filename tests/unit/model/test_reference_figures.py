"""Every figure that MODEL section 10 prints for the formulas, and the levels of 7.1, to the precision printed."""

import math
from dataclasses import replace

import pytest

from tests.unit.rates import per_mtok
from tracker.model.advice.compaction import (
    CompactionShape,
    LevelInputs,
    break_even_calls,
    compact_level,
    compaction_nano,
    reread_nano_per_token,
    saving_nano,
    saving_nano_per_call,
)
from tracker.model.advice.fresh_start import Orientation, cold_orientation_nano
from tracker.model.advice.habits import baseline_month_nano
from tracker.model.advice.idle import cold_penalty_nano, keep_warm_pings
from tracker.model.advice.ttl_choice import one_hour_threshold
from tracker.model.cache.misses import judge_chain
from tracker.model.cost.rates import Rates, Tariff
from tracker.model.cost.split import split_call
from tracker.model.defaults import TTL_1H_MS, TTL_5M_MS
from tracker.model.forecast.growth import GrowthEstimate, lifetime_nano, rent_crossover_tokens, session_nano
from tracker.model.forecast.next_calls import raw_forecast_nano

USD = 1e9
TTL = {"5m": TTL_5M_MS, "1h": TTL_1H_MS}


def as_printed(value: float, printed: str) -> bool:
    """True when `printed` is `value` rounded to the decimals shown, whichever way a half was rounded."""
    decimals = len(printed.partition(".")[2])
    return abs(value - float(printed)) <= 0.5 * 10**-decimals + 1e-9


def small_shape(baseline: float = 22_000, static_floor: float = 15_000) -> CompactionShape:
    """The inputs that checks 3, 4 and 9 carry."""
    return CompactionShape(
        baseline=baseline,
        static_floor=static_floor,
        summary_output=5_000,
        summary_kept=6_000,
        reread=8_000,
        extra_calls=3,
        output=500,
    )


def test_check_1_split_of_five_calls(make_call, rates):
    prompts = [(3, 0, 22_000, 400), (3, 22_000, 9_000, 600), (3, 31_000, 4_000, 900), (3, 14_000, 22_500, 500)]
    prompts.append((3, 36_500, 1_500, 300))
    calls = [
        make_call(number, rates=rates["A"], input=fresh, cache_read=read, write_5m=written, output=out)
        for number, (fresh, read, written, out) in enumerate(prompts)
    ]
    judgements = judge_chain(calls)
    splits = [split_call(call, verdict.missed) for call, verdict in zip(calls, judgements, strict=True)]
    assert [verdict.missed for verdict in judgements] == [0, 0, 0, 21_000, 0]
    assert as_printed(sum(part.rent for part in splits) / USD, ".0622")
    assert as_printed(sum(part.waste for part in splits) / USD, ".1207")
    assert as_printed(sum(part.fresh for part in splits) / USD, ".2376")
    assert as_printed(sum(part.generation for part in splits) / USD, ".0675")
    assert sum(sum(part) for part in splits if part) == 488_075_000


@pytest.mark.parametrize(
    ("model", "calls", "printed"),
    [
        ("A", 10, "0.50"),
        ("A", 50, "2.78"),
        ("A", 200, "22.75"),
        ("N", 10, "0.34"),
        ("N", 50, "1.62"),
        ("N", 200, "10.95"),
    ],
)
def test_check_2_cost_of_n_calls(rates, model, calls, printed):
    tariff = rates[model].tariff(TTL_5M_MS)
    assert as_printed(session_nano(calls, 22_000, 1_600, 500, tariff) / USD, printed)


@pytest.mark.parametrize(("model", "thousands"), [("A", 45), ("N", 90)])
def test_check_2_rent_crossover(rates, model, thousands):
    assert rent_crossover_tokens(1_600, 500, rates[model].tariff(TTL_5M_MS)) == pytest.approx(thousands * 1_000)


@pytest.mark.parametrize(
    ("model", "ttl", "cost", "calls"),
    [
        ("A", "5m", ".4163", "7.3"),
        ("A", "1h", ".4950", "8.7"),
        ("S", "5m", ".2497", "7.3"),
        ("H", "5m", ".0833", "7.3"),
        ("N", "1h", ".3470", "15.2"),
    ],
)
def test_check_3_compaction_cost_and_break_even(rates, model, ttl, cost, calls):
    tariff = rates[model].tariff(TTL[ttl])
    once = compaction_nano(150_000, small_shape(), tariff)
    assert as_printed(once / USD, cost)
    per_call = saving_nano_per_call(150_000, small_shape(), tariff, cold_probability=0.0)
    assert as_printed(break_even_calls(once, per_call), calls)


@pytest.mark.parametrize(("model", "printed"), [("A", "1.170"), ("N", ".917")])
def test_check_3_compacting_cold(rates, model, printed):
    tariff = rates[model].tariff(TTL_1H_MS)
    assert as_printed(compaction_nano(150_000, small_shape(), tariff, is_cold=True) / USD, printed)


def reorder_tokens(shape: CompactionShape, tariff: Tariff, growth: float, q: float) -> float:
    """C* of MODEL 7.1, from the parts that the level is made of; the level itself departs from it (docs/nudges.md)."""
    once = compaction_nano(shape.context_after, shape, tariff)
    return shape.context_after + math.sqrt(2 * once * growth / reread_nano_per_token(tariff, q))


def reorder_thousands(rates: Rates, ttl: str, *, baseline: float = 22_000, growth: float = 2_000, q: float = 0.0):
    return reorder_tokens(small_shape(baseline), rates.tariff(TTL[ttl]), growth, q) / 1_000


@pytest.mark.parametrize(
    ("model", "ttl", "printed"), [("A", "5m", "89.6"), ("A", "1h", "95.2"), ("N", "5m", "108.3"), ("N", "1h", "116.5")]
)
def test_check_4_reorder_level(rates, model, ttl, printed):
    assert as_printed(reorder_thousands(rates[model], ttl), printed)


def test_check_4_slow_growth(rates):
    assert as_printed(reorder_thousands(rates["A"], "1h", growth=500), "66")


def test_check_4_large_baseline_is_printed_for_the_cold_probability_of_7_1(rates):
    """146k comes out for A 1 h with q = 0.018; with the q = 0 of the check's other figures it is 157.7k."""
    assert as_printed(reorder_thousands(rates["A"], "1h", baseline=60_000, q=0.018), "146")
    assert as_printed(reorder_thousands(rates["A"], "1h", baseline=60_000), "157.7")


@pytest.mark.parametrize(
    ("model", "ttl", "context", "printed"),
    [
        ("A", "1h", 150_000, "1.36"),
        ("A", "1h", 500_000, "4.86"),
        ("S", "1h", 150_000, "0.81"),
        ("N", "1h", 150_000, "1.08"),
        ("A", "5m", 150_000, "0.85"),
        ("H", "5m", 150_000, "0.17"),
    ],
)
def test_check_5_going_on_cold(rates, model, ttl, context, printed):
    tariff = rates[model].tariff(TTL[ttl])
    assert as_printed((tariff.read * context + cold_penalty_nano(context, 15_000, tariff)) / USD, printed)


def test_check_5_the_same_call_warm(rates):
    assert 150_000 * rates["A"].tariff(TTL_1H_MS).read / USD == pytest.approx(0.075)


@pytest.mark.parametrize(("model", "ttl", "printed"), [("A", "1h", "0.52"), ("A", "5m", "0.38"), ("S", "1h", "0.31")])
def test_check_6_fresh_session_with_orientation(rates, model, ttl, printed):
    orientation = Orientation(tokens=15_000, calls=6)
    cost = cold_orientation_nano(small_shape(), orientation, rates[model].tariff(TTL[ttl]))
    assert as_printed(cost / USD, printed)


@pytest.mark.parametrize(
    ("read", "printed"),
    [("0.50", "39.5"), ("0.25", "38.5"), ("0.125", "38.0")],
)
def test_check_7_one_hour_threshold(read, printed):
    priced = per_mtok("5", "25", "6.25", "10", read)
    assert as_printed(100 * one_hour_threshold(priced), printed)


@pytest.mark.parametrize(("read", "printed"), [("0.50", (11, 19)), ("0.25", (24, 39))])
def test_check_7_pings(read, printed):
    priced = per_mtok("5", "25", "6.25", "10", read)
    assert (keep_warm_pings(priced, TTL_5M_MS), keep_warm_pings(priced, TTL_1H_MS)) == printed


def test_check_8_large_tool_result(rates):
    tariff = rates["A"].tariff(TTL_5M_MS)
    assert as_printed(lifetime_nano(25_000, 60, tariff) / USD, "0.906")
    assert as_printed(lifetime_nano(25_000, 0, tariff) / USD, ".156")
    assert as_printed((lifetime_nano(25_000, 60, tariff) - lifetime_nano(25_000, 0, tariff)) / USD, ".750")


def test_check_8_ten_thousand_tokens_of_baseline(rates):
    cost = baseline_month_nano(10_000, calls=3_000, cold_starts=120, tariff=rates["A"].tariff(TTL_5M_MS))
    assert as_printed(cost / USD, "22.50")


def test_check_9_expected_value_of_compacting(rates):
    tariff = rates["A"].tariff(TTL_1H_MS)
    once = compaction_nano(150_000, small_shape(), tariff)
    per_call = saving_nano_per_call(150_000, small_shape(), tariff, cold_probability=0.006)
    assert as_printed(saving_nano(once, per_call, 25) / USD, "1.09")
    ahead = raw_forecast_nano(25, 150_000, GrowthEstimate(2_000, 500), tariff)
    assert as_printed(ahead / USD, "2.99")


LEVELS = {
    20_000: ("68.9", "71.6", "79.0", "81.0"),
    38_000: ("90.7", "93.9", "101.1", "103.8"),
    60_000: ("117.0", "120.7", "127.8", "131.2"),
}


@pytest.mark.parametrize("baseline", LEVELS)
@pytest.mark.parametrize(("place", "model", "ttl"), [(0, "A", "5m"), (1, "A", "1h"), (2, "N", "5m"), (3, "N", "1h")])
def test_reference_levels_of_7_1_from_the_parts_that_the_level_is_made_of(rates, baseline, place, model, ttl):
    shape = replace(small_shape(baseline, 0.6 * baseline), summary_kept=12_000)
    level = reorder_tokens(shape, rates[model].tariff(TTL[ttl]), growth=1_300, q=0.018) - 13_000
    assert 1.3 * shape.context_after < level < 0.9 * 167_000 - 13_000, "neither bound of 7.1 applies"
    assert as_printed(level / 1_000, LEVELS[baseline][place])


@pytest.mark.parametrize(
    ("model", "ttl", "printed"), [("A", "5m", "87.3"), ("A", "1h", "98.6"), ("N", "5m", "129.3"), ("N", "1h", "151.8")]
)
def test_the_level_is_where_the_costs_of_check_3_are_earned_back_in_fifteen_calls(rates, model, ttl, printed):
    """(K(0) + 15 r C1) / (15 r - p_r), worked out by hand for C1 = 36k and r = p_r; K(0) = K(150k) - 150k p_r."""
    level = compact_level(LevelInputs(small_shape(), 0.0, 967_000), rates[model].tariff(TTL[ttl]), 50.0)
    assert as_printed(level / 1_000, printed)
