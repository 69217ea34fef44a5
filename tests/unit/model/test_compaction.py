"""The level and the firing rule of 7.1: turn ends, cooldown, plans, failed compactions; no horizon in the decision."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.model.compaction import (
    Aftermath,
    CompactionShape,
    CompactionState,
    LevelInputs,
    break_even_calls,
    compact_level,
    compaction_failed,
    compaction_nano,
    decide_compaction,
    level_inputs,
    reorder_tokens,
    saving_nano_per_call,
)
from tracker.model.defaults import DEFAULTS
from tracker.model.rates import Tariff

A_1H = Tariff(input=5_000, write=10_000, read=500, output=25_000)
INPUTS = LevelInputs(CompactionShape(), 1_300, 13_000, 0.018, 167_000)
READY = CompactionState(
    context=120_000,
    calls_since_nudge_or_compaction=None,
    plan_in_progress=False,
    failed_in_epoch=False,
)


@pytest.mark.parametrize(
    ("change", "fires"),
    [
        ({}, True),
        ({"context": 100_000}, True),
        ({"context": 99_999}, False),
        ({"calls_since_nudge_or_compaction": 11}, False),
        ({"calls_since_nudge_or_compaction": 12}, True),
        ({"plan_in_progress": True, "context": 124_999}, False),
        ({"plan_in_progress": True, "context": 125_000}, True),
        ({"failed_in_epoch": True}, False),
    ],
)
def test_compact_fires_from_the_level_on_unless_a_condition_forbids_it(change, fires):
    decision = decide_compaction(replace(READY, **change), level=100_000)
    assert decision.fire is fires
    assert (decision.reason == "level") is fires


def test_level_stays_under_the_clients_own_compaction():
    fast = replace(INPUTS, growth=60_000)
    assert compact_level(fast, A_1H) == pytest.approx(0.9 * 167_000 - 13_000)


def test_level_never_falls_below_a_third_over_what_compacting_leaves():
    slow = replace(INPUTS, growth=1.0)
    assert compact_level(slow, A_1H) == pytest.approx(1.3 * INPUTS.shape.context_after)


def test_quiet_waits_longer():
    reorder = reorder_tokens(INPUTS, A_1H)
    assert compact_level(INPUTS, A_1H, quiet=True) == pytest.approx(min(1.25 * reorder, 150_300) - 6_500)
    assert compact_level(INPUTS, A_1H, quiet=True) > compact_level(INPUTS, A_1H)


def test_reorder_level_minimises_the_cost_per_call_in_the_long_run():
    """Cycles from C1 to C at growth g cost K0 and the rent above C1; their mean is least at C*."""

    def mean_per_call(top: float) -> float:
        steps = (top - INPUTS.shape.context_after) / INPUTS.growth
        rate = A_1H.read + INPUTS.cold_probability * (A_1H.write - A_1H.read)
        fixed = compaction_nano(INPUTS.shape.context_after, INPUTS.shape, A_1H)
        return fixed / steps + rate * (top - INPUTS.shape.context_after) / 2

    best = reorder_tokens(INPUTS, A_1H)
    assert mean_per_call(best) < mean_per_call(0.97 * best)
    assert mean_per_call(best) < mean_per_call(1.03 * best)


@given(st.floats(5_000, 200_000), st.floats(0, 20_000), st.floats(0, 0.2))
def test_level_is_monotone_in_growth_and_bounded(baseline, growth, cold):
    shape = CompactionShape(baseline=baseline, static_floor=0.6 * baseline)
    inputs = LevelInputs(shape, growth, 13_000, cold, 967_000)
    level = compact_level(inputs, A_1H)
    assert 1.3 * shape.context_after <= level
    assert level <= max(1.3 * shape.context_after, 0.9 * 967_000 - 13_000)
    assert compact_level(replace(inputs, growth=growth + 500), A_1H) >= level


def test_where_reads_are_free_nothing_is_ever_due():
    free = Tariff(input=5_000, write=10_000, read=0.0, output=25_000)
    assert reorder_tokens(replace(INPUTS, cold_probability=0.0), free) == math.inf


def test_cold_compaction_reads_at_the_input_rate():
    warm = compaction_nano(150_000, INPUTS.shape, A_1H)
    assert compaction_nano(150_000, INPUTS.shape, A_1H, is_cold=True) - warm == pytest.approx(150_000 * 4_500)


def test_break_even_is_the_cost_by_the_saving_of_a_call():
    assert break_even_calls(100.0, 20.0) == 5
    assert break_even_calls(100.0, 0.0) == math.inf
    assert break_even_calls(-5.0, 0.0) == 0
    assert saving_nano_per_call(INPUTS.shape.context_after, INPUTS.shape, A_1H, 0.018) == 0


def test_a_compaction_that_cuts_less_than_thirty_percent_has_failed():
    assert compaction_failed(100_000, 70_001)
    assert not compaction_failed(100_000, 70_000)


def measured(**changes):
    facts = {
        "first_call_context": 30_000,
        "median_first_call_context": 28_000.0,
        "static_floor": 15_000,
        "pool_growth": 2_000.0,
        "turn_growth": 9_000.0,
        "output": 700.0,
        "cold_probability": 0.006,
        "trigger_tokens": 967_000,
        "earlier_sessions": 3,
        "aftermath": Aftermath(),
    }
    return level_inputs(**(facts | changes))


def test_the_level_is_computed_from_measured_habits():
    inputs = measured()
    assert (inputs.shape.baseline, inputs.shape.static_floor, inputs.shape.output) == (30_000, 15_000, 700)
    assert (inputs.growth, inputs.turn_growth, inputs.cold_probability) == (2_000, 9_000, 0.006)
    assert inputs.trigger_tokens == 967_000


def test_baseline_is_capped_at_a_quarter_above_the_users_median():
    assert measured(first_call_context=90_000).shape.baseline == 1.25 * 28_000


def test_static_floor_is_sixty_percent_until_measured():
    assert measured(static_floor=None).shape.static_floor == 0.6 * 30_000


def test_growth_per_turn_is_at_most_twenty_thousand():
    assert measured(turn_growth=55_000.0).turn_growth == 20_000


def test_fewer_than_three_earlier_sessions_mean_defaults():
    inputs = measured(earlier_sessions=2, first_call_context=90_000)
    assert (inputs.growth, inputs.turn_growth, inputs.cold_probability) == (1_300, 13_000, 0.018)
    assert inputs.shape.baseline == 1.25 * 38_000
    unknown = measured(earlier_sessions=0, first_call_context=None, static_floor=None)
    assert (unknown.shape.baseline, unknown.shape.static_floor) == (38_000, pytest.approx(22_800))


def test_without_measurements_the_published_defaults_hold():
    shape = CompactionShape()
    assert (shape.context_written, shape.context_after) == (50_000, 58_000)
    assert (DEFAULTS.summary_output_tokens, DEFAULTS.extra_calls, DEFAULTS.cooldown_calls) == (5_000, 3, 12)
    assert DEFAULTS.auto_compact_trigger_tokens == 167_000
