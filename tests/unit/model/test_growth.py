"""Growth is shrunk to the pool, clipped and cleaned of drops; costs grow with calls and context."""

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.rates import RATES
from tracker.model.cost.rates import Rates, Tariff
from tracker.model.defaults import TTL_5M_MS
from tracker.model.forecast.growth import (
    GrowthEstimate,
    GrowthPool,
    calls_per_turn,
    calls_to_compaction,
    estimate_growth,
    growth_pool,
    next_call_nano,
    rent_crossover_tokens,
    session_nano,
)

START = GrowthPool()


def test_without_calls_the_estimate_is_the_pool():
    estimate = estimate_growth([], [], START)
    assert (estimate.growth, estimate.output) == (1_300, 600)


def test_own_calls_weigh_k_over_k_plus_twenty():
    estimate = estimate_growth([3_000] * 20, [1_000] * 60, START)
    assert estimate.growth == pytest.approx(0.5 * 3_000 + 0.5 * 1_300)
    assert estimate.output == pytest.approx(0.75 * 1_000 + 0.25 * 600)


def test_only_the_last_sixty_calls_count():
    old_and_new = [100_000] * 40 + [2_000] * 60
    assert estimate_growth(old_and_new, [], START) == estimate_growth([2_000] * 60, [], START)


def test_growth_is_clipped_to_the_pools_ceiling_and_zero():
    assert estimate_growth([500_000] * 20, [], START) == estimate_growth([14_000] * 20, [], START)
    assert estimate_growth([-1_500] * 20, [], START) == estimate_growth([0] * 20, [], START)


def test_drops_of_more_than_two_thousand_are_left_out():
    assert estimate_growth([-80_000, 2_000, -2_001], [], START) == estimate_growth([2_000], [], START)
    assert estimate_growth([-2_000], [], START) == estimate_growth([0], [], START) != estimate_growth([], [], START)


def test_estimate_is_a_mean_not_a_median():
    skewed = [100] * 19 + [14_000]
    assert estimate_growth(skewed, [], GrowthPool(growth=0.0)).growth == pytest.approx(sum(skewed) / 20 / 2)


def test_pool_starts_from_the_shipped_values_and_learns():
    assert growth_pool([], []) == START
    learned = growth_pool([2_000] * 380, [900] * 380)
    assert learned.growth == pytest.approx(0.95 * 2_000 + 0.05 * 1_300)
    assert learned.output == pytest.approx(0.95 * 900 + 0.05 * 600)
    assert learned.growth_p99 == 2_000, "a hundred increments replace the shipped ceiling"
    assert growth_pool([2_000] * 99, []).growth_p99 == 14_000


def test_next_call_and_session_agree(rates):
    tariff = rates["A"].tariff(TTL_5M_MS)
    step = session_nano(11, 22_000, 1_600, 500, tariff) - session_nano(10, 22_000, 1_600, 500, tariff)
    assert step == pytest.approx(next_call_nano(22_000 + 10 * 1_600, 1_600, 500, tariff))


def test_session_cost_is_quadratic_not_exponential(rates):
    tariff = rates["A"].tariff(TTL_5M_MS)
    costs = [session_nano(n, 22_000, 1_600, 500, tariff) for n in range(1, 50)]
    first = [after - before for before, after in pairwise(costs)]
    second = [after - before for before, after in pairwise(first)]
    assert second == pytest.approx([1_600 * tariff.read] * len(second))


def test_rent_never_exceeds_the_rest_where_reads_are_free():
    assert rent_crossover_tokens(1_000, 500, Tariff(5, 6, 0, 25)) == math.inf


@given(st.integers(1, 300), st.floats(1_000, 500_000), st.floats(0, 20_000), st.floats(0, 5_000))
def test_session_cost_grows_with_calls(calls, baseline, growth, output):
    tariff = Tariff(input=5_000, write=6_250, read=500, output=25_000)
    assert session_nano(calls + 1, baseline, growth, output, tariff) > session_nano(
        calls, baseline, growth, output, tariff
    )


def test_calls_to_compaction_are_the_room_by_the_growth():
    assert calls_to_compaction(107_000, 167_000, GrowthEstimate(2_000, 500)) == 30
    assert calls_to_compaction(200_000, 167_000, GrowthEstimate(2_000, 500)) == 0


def test_calls_to_compaction_matches_a_simulated_walk():
    draw = random.Random(3)
    growth = 2_000.0
    lengths = []
    for _ in range(3_000):
        context, calls = 100_000.0, 0
        while context < 160_000:
            context += draw.expovariate(1 / growth)
            calls += 1
        lengths.append(calls)
    mean = sum(lengths) / len(lengths)
    assert calls_to_compaction(100_000, 160_000, GrowthEstimate(growth, 0)) == pytest.approx(mean, rel=0.05)


def test_calls_per_turn_default_and_own():
    default = calls_per_turn([])
    assert default.mean == 11
    assert default.p10 < 11 < default.p90
    own = calls_per_turn([4] * 60)
    assert own.mean == pytest.approx(0.75 * 4 + 0.25 * 11)
    assert (own.p10, own.p90) == (4, 4)
    assert default.calls_in(8) == 88
    assert calls_per_turn([0] * 10_000).calls_in(3) == 3, "a turn is at least one call"


def test_tariffs_follow_the_lifetime_and_never_lack_a_write_rate():
    priced = RATES["N"]
    assert priced.tariff(3_600_000) == Tariff(4_000, 8_000, 200, 20_000)
    assert priced.tariff(None).write == 5_000
    no_write_rate = Rates(input=2_000_000, write_5m=0, write_1h=0, read=200_000, output=8_000_000)
    assert no_write_rate.tariff(None).write == 2_000
    assert priced.limit_tariff(0.3) == pytest.approx(Tariff(4_000, 4_000, 60, 20_000))
