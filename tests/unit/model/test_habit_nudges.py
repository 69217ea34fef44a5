"""Nudges about habits: thresholds, lines, and what plans get to hear."""

from dataclasses import replace

import pytest

from tests.unit.rates import RATES
from tests.unit.situations import SITUATION
from tracker.model.advice.compaction import CompactionShape
from tracker.model.advice.habit_nudges import (
    BaselineMonth,
    baseline_nudge,
    large_result_nudge,
    miss_storm_nudge,
    routing_nudge,
    ttl_nudge,
)
from tracker.model.advice.habits import Storm, TurnProfile
from tracker.model.advice.nudge import LONGEST_TEXT, Billing, one_line
from tracker.model.advice.saving import SavingRange
from tracker.model.advice.ttl_choice import TtlChoice
from tracker.model.defaults import TTL_1H_MS, TTL_5M_MS
from tracker.model.forecast.horizon import CallsRange

A_5M = RATES["A"].tariff(TTL_5M_MS)
QUARTER = 250_000_000  # nano-dollars
API = Billing()
PLAN = Billing(is_plan=True)
HERE = replace(
    SITUATION,
    context=90_000,
    shape=CompactionShape(),
    tariff=A_5M,
    cold_probability=0.018,
    remaining_calls=60.0,
    mean_calls_per_turn=11.0,
)
CHOICE = TtlChoice(
    current_ttl_ms=TTL_5M_MS,
    better_ttl_ms=TTL_1H_MS,
    rewrite_share=0.45,
    threshold=0.395,
    current_nano=100_000_000_000,
    saving=SavingRange(4_000_000_000, 2_000_000_000, 6_000_000_000),
    saving_share=0.04,
)


def test_the_ttl_line_names_lifetime_share_and_saving():
    nudge = ttl_nudge(CHOICE, API)
    assert nudge.fired
    assert nudge.text == (
        "Set the cache lifetime to 1 h: 4% of recent spend, saves ~$4.00 ($2.00 to $6.00), pays at once"
    )


def test_ttl_needs_three_percent_and_a_better_lifetime():
    assert not ttl_nudge(replace(CHOICE, saving_share=0.029), API).fired
    assert ttl_nudge(replace(CHOICE, saving_share=0.03), API).fired
    assert not ttl_nudge(replace(CHOICE, better_ttl_ms=TTL_5M_MS), API).fired
    assert not ttl_nudge(CHOICE, PLAN).fired


def turns(light_nano):
    return [TurnProfile(False, 100, 2, light_nano), TurnProfile(True, 9_000, 30, 1_000 - light_nano)] * 10


def test_routing_names_a_share_and_promises_nothing():
    nudge = routing_nudge(turns(230), API)
    assert nudge.text == "Start questions and small jobs on a smaller model: 23% of spend went to light turns"
    assert nudge.saving is None
    assert nudge.expected_value_nano == 0


def test_routing_is_said_about_ten_percent_or_more():
    assert not routing_nudge(turns(99), API).fired
    assert routing_nudge(turns(100), API).fired


def test_after_a_months_pause_the_first_turn_is_no_habit():
    one, nineteen = turns(1_000)[:1], turns(1_000)[:19]
    assert [routing_nudge(some, API).reason for some in (one, nineteen)] == ["too few turns"] * 2


def test_a_share_of_next_to_nothing_is_not_worth_a_word():
    enough, little = (replace(CHOICE, saving=SavingRange(nano, 0, nano)) for nano in (QUARTER, QUARTER - 1))
    month = BaselineMonth(tokens=38_000, calls=CallsRange(20, 30, 40), cold_starts=1, spend_nano=1_000_000_000)
    for nudge, fired in (
        (ttl_nudge(enough, API), True),
        (ttl_nudge(little, API), False),
        (baseline_nudge(replace(month, cold_starts=2), A_5M, API), True),
        (baseline_nudge(month, A_5M, API), False),
    ):
        assert (nudge.fired, nudge.reason == "saves too little") == (fired, not fired)


MONTH = BaselineMonth(
    tokens=38_000,
    calls=CallsRange(2_000, 3_000, 4_000),
    cold_starts=120,
    spend_nano=600_000_000_000,
)


def test_baseline_line_prices_ten_thousand_tokens():
    nudge = baseline_nudge(MONTH, A_5M, API)
    assert nudge.fired
    assert nudge.inputs["month_nano"] == pytest.approx(3.8 * 22.5e9)
    assert nudge.text == (
        "Trim the first prompt (38k, 14% of spend): 10k less saves ~$22.50 ($17.50 to $27.50) a month, pays at once"
    )


def test_baseline_fires_above_a_tenth_of_spend():
    cost = baseline_nudge(MONTH, A_5M, API).inputs["month_nano"]
    assert not baseline_nudge(replace(MONTH, spend_nano=round(10.01 * cost)), A_5M, API).fired
    assert baseline_nudge(replace(MONTH, spend_nano=round(9.99 * cost)), A_5M, API).fired
    assert not baseline_nudge(replace(MONTH, spend_nano=0), A_5M, API).fired


def test_baseline_and_storms_are_waste_and_reach_plans_without_dollars():
    storm = Storm(3, 20, 900_000_000, ("system_or_tools_changed",))
    for nudge in (baseline_nudge(MONTH, A_5M, PLAN), miss_storm_nudge(storm, PLAN)):
        assert nudge.fired
        assert "plan usage" in nudge.text
        assert "$" not in nudge.text


def test_the_large_result_line_names_command_size_and_saving():
    nudge = large_result_nudge(HERE, command_pattern="pytest -v", result_tokens=25_000)
    assert nudge.fired
    assert nudge.saving.point_nano == 906_250_000
    assert nudge.text.startswith("Shorten what `pytest -v` prints (25k): saves ~$0.91 (")
    assert nudge.subject == "pytest -v"


def test_small_results_and_small_savings_are_not_spoken_of():
    assert large_result_nudge(HERE, command_pattern="x", result_tokens=9_999).reason == "a small result"
    few_calls = replace(HERE, calls_to_auto_compaction=2.0)
    assert large_result_nudge(few_calls, command_pattern="x", result_tokens=10_000).reason == "saves too little"
    on_plan = replace(HERE, billing=PLAN)
    assert not large_result_nudge(on_plan, command_pattern="x", result_tokens=25_000).fired


def test_the_storm_line_names_cause_and_saving():
    nudge = miss_storm_nudge(Storm(4, 20, 2_000_000_000, ("system_or_tools_changed",)), API)
    assert nudge.text == (
        "Stop what breaks the cache: 4 misses in 20 calls (system or tools changed): "
        "saves ~$2.00 ($0.72 to $3.28), pays at once"
    )
    assert not miss_storm_nudge(Storm(2, 20, 1, ("x",)), API).fired


def test_a_long_action_gives_way_to_the_figures():
    line = one_line("x" * 300, "saves ~$2.00 ($0.72 to $3.28), back in 3 turns")
    assert len(line) == LONGEST_TEXT
    assert line.endswith("…: saves ~$2.00 ($0.72 to $3.28), back in 3 turns")
