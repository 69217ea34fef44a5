"""The level by break-even, and the firing rule of 7.1: turn ends, cooldown, plans, failed compactions."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.model.advice.compaction import (
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
    reread_nano_per_token,
    saving_nano_per_call,
)
from tracker.model.cost.rates import Tariff
from tracker.model.defaults import DEFAULTS

A_1H = Tariff(input=5_000, write=10_000, read=500, output=25_000)
INPUTS = LevelInputs(CompactionShape(), 0.018, 967_000)
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
    assert (decide_compaction(replace(READY, **change), level=100_000) == "level") is fires


def paid_back_after(level: float) -> float:
    """Calls until a compaction at this context is earned back."""
    per_call = saving_nano_per_call(level, INPUTS.shape, A_1H, INPUTS.cold_probability)
    return break_even_calls(compaction_nano(level, INPUTS.shape, A_1H), per_call)


@pytest.mark.parametrize(("calls_ahead", "calls"), [(20, 6), (50, 15), (66, 19.8), (70, 20), (5_000, 20)])
def test_compacting_is_due_once_it_is_earned_back_within_a_share_of_the_calls_ahead_and_twenty(calls_ahead, calls):
    assert paid_back_after(compact_level(INPUTS, A_1H, calls_ahead)) == pytest.approx(calls)


def test_level_stays_at_or_under_the_clients_own_compaction():
    assert compact_level(INPUTS, A_1H, 20) > 167_000
    assert compact_level(replace(INPUTS, trigger_tokens=167_000), A_1H, 20) == 167_000


def test_nothing_is_due_before_the_client_compacts_where_the_session_ends_at_once():
    assert compact_level(INPUTS, A_1H, 0.0) == INPUTS.trigger_tokens


def test_quiet_waits_longer():
    assert paid_back_after(compact_level(INPUTS, A_1H, 60, quiet=True)) == pytest.approx(12)
    assert compact_level(INPUTS, A_1H, 5_000, quiet=True) > compact_level(INPUTS, A_1H, 5_000)


def test_in_a_session_that_never_ends_the_best_level_is_earned_back_in_about_twenty_calls():
    """Cycles from C1 to C at the shipped growth cost K0 and the rent above C1; their mean per call is least at C*."""
    shape, growth = INPUTS.shape, DEFAULTS.growth_tokens_per_call
    rate = reread_nano_per_token(A_1H, INPUTS.cold_probability)
    once = compaction_nano(shape.context_after, shape, A_1H)

    def mean_per_call(level: float) -> float:
        return once * growth / (level - shape.context_after) + rate * (level - shape.context_after) / 2

    best = min(range(60_000, 200_000, 100), key=mean_per_call)
    assert paid_back_after(best) == pytest.approx(DEFAULTS.payback_calls, abs=1)


@given(st.floats(5_000, 200_000), st.floats(0, 0.2), st.floats(0, 500))
def test_level_is_above_what_compacting_leaves_and_falls_with_the_calls_ahead(baseline, cold, calls_ahead):
    shape = CompactionShape(baseline=baseline, static_floor=0.6 * baseline)
    inputs = LevelInputs(shape, cold, 967_000)
    level = compact_level(inputs, A_1H, calls_ahead)
    assert shape.context_after < level <= 967_000
    assert compact_level(inputs, A_1H, calls_ahead + 5) <= level


def test_where_reads_are_free_nothing_is_ever_due():
    free = Tariff(input=5_000, write=10_000, read=0.0, output=25_000)
    assert compact_level(replace(INPUTS, cold_probability=0.0), free, 5_000) == INPUTS.trigger_tokens


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
    facts: dict[str, Any] = {
        "first_call_context": 30_000,
        "median_first_call_context": 28_000.0,
        "static_floor": 15_000,
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
    assert (inputs.cold_probability, inputs.trigger_tokens) == (0.006, 967_000)


def test_baseline_is_capped_at_a_quarter_above_the_users_median():
    assert measured(first_call_context=90_000).shape.baseline == 1.25 * 28_000


def test_static_floor_is_sixty_percent_until_measured():
    assert measured(static_floor=None).shape.static_floor == 0.6 * 30_000


def test_fewer_than_three_earlier_sessions_mean_defaults():
    inputs = measured(earlier_sessions=2, first_call_context=90_000)
    assert (inputs.shape.output, inputs.cold_probability) == (DEFAULTS.output_tokens_per_call, 0.018)
    assert inputs.shape.baseline == 1.25 * 38_000
    unknown = measured(earlier_sessions=0, first_call_context=None, static_floor=None)
    assert (unknown.shape.baseline, unknown.shape.static_floor) == (38_000, pytest.approx(22_800))


def test_without_measurements_the_published_defaults_hold():
    shape = CompactionShape()
    assert (shape.context_written, shape.context_after) == (50_000, 58_000)
    assert (DEFAULTS.summary_output_tokens, DEFAULTS.extra_calls, DEFAULTS.cooldown_calls) == (5_000, 3, 12)
    assert DEFAULTS.auto_compact_trigger_tokens == 167_000
