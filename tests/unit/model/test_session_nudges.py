"""Nudges about the session at hand: when each fires, what its line says, and what a plan's user gets to hear."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.rates import RATES, per_mtok
from tests.unit.situations import SITUATION
from tracker.model.advice.compaction import CompactionState
from tracker.model.advice.fresh_start import Orientation
from tracker.model.advice.nudge import LONGEST_TEXT, Billing, Meter
from tracker.model.advice.options import OptionKind
from tracker.model.advice.session_nudges import (
    Pause,
    answer_now_nudge,
    before_expiry_nudge,
    cold_resume_nudge,
    compact_nudge,
    new_session_nudge,
    option_kind_of,
)
from tracker.model.defaults import MINUTE_MS, TTL_1H_MS, TTL_5M_MS

A = RATES["A"]
API = Billing()
PLAN = Billing(is_plan=True)
CALIBRATED = Billing(is_plan=True, meter=Meter(0.3, 5e9, "week"))
READY = CompactionState(
    context=150_000,
    calls_since_nudge_or_compaction=None,
    plan_in_progress=False,
    failed_in_epoch=False,
)
PAUSE = Pause(
    idle_ms=int(0.9 * TTL_5M_MS),
    ttl_ms=TTL_5M_MS,
    return_probability=0.5,
    own_gaps=30,
    compact_dismissed_in_epoch=True,
    user_active_in_last_ttl=True,
    enabled=True,
)


def on(billing):
    return replace(SITUATION, billing=billing, tariff=billing.tariff(A, TTL_1H_MS))


def test_compact_line_names_action_saving_range_and_payback():
    nudge = compact_nudge(SITUATION, READY, level=93_000)
    assert nudge.fired
    assert nudge.text == "Compact now if you go on, 150k of context: saves ~$2.68 (-$0.16 to $6.82), back in 1 turn"
    assert nudge.saving.point_nano == pytest.approx(50 * 114_000 * 557 - 495e6)


def test_compact_fires_by_the_level_even_when_the_saving_is_hidden():
    full = replace(SITUATION, calls_to_auto_compaction=0.0, trigger_tokens=150_000)
    nudge = compact_nudge(full, READY, level=93_000)
    assert nudge.fired
    assert nudge.saving.point_nano == 0, "the client is about to do the same"
    assert nudge.text == "Compact now if you go on, 150k of context: above this session's level of 93k"


def test_close_to_the_clients_own_compaction_the_saving_is_small():
    nudge = compact_nudge(replace(SITUATION, calls_to_auto_compaction=3.0), READY, level=93_000)
    assert nudge.text == "Compact now if you go on, 150k of context: saves ~$0.10 (-$0.31 to $3.26), back in 1 turn"


def test_what_saves_nothing_names_the_level():
    small = replace(SITUATION, context=35_000)
    nudge = compact_nudge(small, replace(READY, context=35_000), level=30_000)
    assert nudge.saving.point_nano < 0
    assert nudge.text == "Compact now if you go on, 35k of context: above this session's level of 30k"


def test_compact_logs_its_inputs_when_it_stays_silent():
    nudge = compact_nudge(SITUATION, replace(READY, plan_in_progress=True), level=123_000)
    assert not nudge.fired
    assert nudge.text is None
    assert nudge.reason == "in the middle of a plan"
    assert nudge.inputs["level"] == 123_000
    assert nudge.inputs["context"] == 150_000
    assert nudge.inputs["plan_in_progress"] is True


@pytest.mark.parametrize(
    ("score", "completed", "context", "fires"),
    [
        (1.0, False, 150_000, True),
        (0.2, True, 150_000, True),
        (0.9, False, 150_000, False),
        (1.0, False, 66_000, True),
        (1.0, False, 65_999, False),
    ],
)
def test_new_session_wants_an_ended_task_and_three_baselines(score, completed, context, fires):
    situation = replace(SITUATION, context=context, remaining_calls_of_a_fresh_session=200.0)
    nudge = new_session_nudge(situation, boundary_score=score, task_completed=completed)
    assert nudge.fired is fires
    assert (nudge.text is not None) is fires


def test_new_session_must_pay_with_a_margin_of_half():
    one_off = new_session_nudge(SITUATION, boundary_score=1.0, task_completed=False).inputs
    calls_at_margin = 1.5 * one_off["one_off_nano"] / one_off["saving_nano_per_call"]
    for factor, fires in ((1.01, True), (0.99, False)):
        situation = replace(SITUATION, remaining_calls_of_a_fresh_session=factor * calls_at_margin)
        nudge = new_session_nudge(situation, boundary_score=1.0, task_completed=False)
        assert nudge.fired is fires


def test_a_new_session_that_saves_nothing_before_the_client_compacts_names_what_is_carried():
    here = replace(SITUATION, calls_to_auto_compaction=1.0, remaining_calls_of_a_fresh_session=200.0)
    nudge = new_session_nudge(
        replace(here, orientation=Orientation(50_000, 10)), boundary_score=1.0, task_completed=False
    )
    assert nudge.fired
    assert nudge.saving.point_nano < 0
    assert nudge.text == "New task? Start over with `taximeter handover`: the old one left 150k of context"


@pytest.mark.parametrize(
    ("change", "fires"),
    [
        ({}, True),
        ({"enabled": False}, False),
        ({"compact_dismissed_in_epoch": False}, False),
        ({"ttl_ms": TTL_1H_MS, "idle_ms": 55 * MINUTE_MS}, True),
        ({"ttl_ms": TTL_1H_MS, "idle_ms": 55 * MINUTE_MS, "own_gaps": 19}, False),
        ({"ttl_ms": TTL_1H_MS, "idle_ms": 55 * MINUTE_MS, "return_probability": 0.29}, False),
        ({"return_probability": 0.05}, False),
    ],
)
def test_before_expiry_fires_only_under_its_conditions(change, fires):
    nudge = before_expiry_nudge(SITUATION, replace(PAUSE, **change))
    assert nudge.fired is fires
    assert nudge.saving.low_nano <= nudge.saving.point_nano <= nudge.saving.high_nano


def test_before_expiry_states_the_chance_of_a_return():
    assert "(you return 50% of the time)" in before_expiry_nudge(SITUATION, PAUSE).text


def test_before_expiry_leaves_small_contexts_alone():
    assert before_expiry_nudge(replace(SITUATION, context=71_999), PAUSE).reason == "the context is small"


def test_answer_now_is_for_users_who_are_there():
    assert answer_now_nudge(SITUATION, PAUSE).fired
    assert not answer_now_nudge(SITUATION, replace(PAUSE, user_active_in_last_ttl=False)).fired
    assert not answer_now_nudge(replace(SITUATION, context=30_000), PAUSE).fired
    assert not answer_now_nudge(SITUATION, replace(PAUSE, enabled=False)).fired


def resumed(situation=SITUATION, *, done=False):
    return cold_resume_nudge(situation, ttl_ms=TTL_1H_MS, task_completed=done)


def test_cold_resume_compares_going_on_with_a_summary():
    nudge = resumed()
    assert nudge.fired
    assert nudge.text.startswith("Compact before going on (the cache is cold, 135k to write again): saves ~$")
    assert option_kind_of(nudge.kind, nudge.inputs) == OptionKind.COMPACT


def test_cold_resume_offers_a_new_session_where_the_task_is_done():
    nudge = resumed(done=True)
    assert nudge.text.startswith("Start over with `taximeter handover` (cold, 135k to write again): saves ~$")
    assert nudge.saving.point_nano > resumed().saving.point_nano
    assert option_kind_of(nudge.kind, nudge.inputs) == OptionKind.NEW_SESSION


def test_cold_resume_of_a_task_that_is_done_summarises_where_finding_ones_feet_is_dearer():
    slow_start = replace(SITUATION, orientation=Orientation(tokens=90_000, calls=40))
    nudge = resumed(slow_start, done=True)
    assert nudge.text.startswith("Compact before going on")
    assert option_kind_of(nudge.kind, nudge.inputs) == OptionKind.COMPACT


def test_cold_resume_below_twice_c1_shows_the_price_only():
    nudge = resumed(replace(SITUATION, context=71_999))
    assert not nudge.fired
    assert nudge.text == "The cache is cold: going on writes 57k tokens again for ~$0.54"


def test_cold_resume_needs_a_quarter_dollar():
    cheap = replace(SITUATION, tariff=per_mtok(".1", ".5", ".125", ".2", ".01").tariff(TTL_1H_MS))
    assert resumed(cheap).reason == "saves too little"


def test_payback_of_a_cold_resume_is_where_both_ways_cost_the_same():
    small = replace(SITUATION, context=72_000, tariff=A.tariff(TTL_5M_MS), mean_calls_per_turn=4.0)
    turns = resumed(small).payback_turns
    assert turns > 3
    assert resumed(replace(small, remaining_calls=4.0 * turns)).saving.point_nano == pytest.approx(0, abs=2)


def every_nudge(situation):
    return [
        compact_nudge(situation, READY, level=93_000),
        new_session_nudge(situation, boundary_score=1.0, task_completed=True),
        before_expiry_nudge(situation, PAUSE),
        answer_now_nudge(situation, PAUSE),
        resumed(situation, done=True),
    ]


def test_a_plan_without_calibrated_limits_hears_of_waste_only_and_never_of_dollars():
    nudges = every_nudge(on(PLAN))
    assert [nudge.kind for nudge in nudges if nudge.fired] == ["cold_resume"]
    assert all(nudge.text is None for nudge in nudges if not nudge.fired)
    text = nudges[-1].text
    assert "plan usage" in text
    assert "$" not in text
    assert "turn" in text or "at once" in text


def test_the_price_of_a_cold_resume_names_plan_usage_too():
    text = resumed(replace(on(PLAN), context=71_999)).text
    assert "plan usage" in text
    assert "$" not in text


def test_a_calibrated_plan_hears_shares_of_its_window():
    nudge = compact_nudge(on(CALIBRATED), READY, level=93_000)
    assert nudge.fired
    assert "% of the week" in nudge.text
    assert "$" not in nudge.text


def test_where_reads_weigh_nothing_rent_nudges_are_off():
    weightless = Billing(is_plan=True, meter=Meter(0.0, 5e9, "week"))
    nudge = compact_nudge(on(weightless), READY, level=93_000)
    assert not nudge.fired
    assert nudge.reason.startswith("off:")
    assert nudge.inputs["level"] == 93_000, "what was switched off is logged with its inputs"


situations = st.builds(
    lambda context, calls, per_turn, billing: replace(
        on(billing), context=context, remaining_calls=calls, mean_calls_per_turn=per_turn
    ),
    st.integers(0, 10_000_000),
    st.floats(0, 100_000),
    st.floats(0, 500),
    st.sampled_from([API, PLAN, CALIBRATED]),
)


@given(situations)
def test_every_line_is_one_line_of_at_most_120_characters(situation):
    for nudge in every_nudge(situation):
        assert (nudge.text is not None) >= nudge.fired
        if nudge.text is not None:
            assert len(nudge.text) <= LONGEST_TEXT
            assert "\n" not in nudge.text
        assert nudge.saving.low_nano <= nudge.saving.point_nano <= nudge.saving.high_nano
