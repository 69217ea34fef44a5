"""Continue, compact, new session: costs differ by the shown savings, which are a nudge's; bands enclose points."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.situations import SHAPE, SITUATION
from tracker.model.advice.compaction import CompactionState, compaction_nano, saving_nano
from tracker.model.advice.fresh_start import Orientation, cold_orientation_nano, new_session_nano
from tracker.model.advice.idle import cold_penalty_nano
from tracker.model.advice.nudge import Situation
from tracker.model.advice.options import OptionKind, Options, calls_in_turns, price_options
from tracker.model.advice.saving import SavingRange, payback_turns
from tracker.model.advice.session_nudges import cold_resume_nudge, compact_nudge, new_session_nudge
from tracker.model.cost.rates import Tariff
from tracker.model.defaults import TTL_5M_MS
from tracker.model.forecast.growth import CallsPerTurn, GrowthEstimate
from tracker.model.forecast.horizon import CallsAhead
from tracker.model.forecast.next_calls import Band, band_for, forecast

HERE = replace(SITUATION, mean_calls_per_turn=5.0)
ESTIMATE = GrowthEstimate(2_000, 500)
BAND = band_for(20)
FIVE_CALLS = CallsPerTurn(5.0, 2, 9)


def over(turns: int, here: Situation = HERE, *, is_cold: bool = False) -> Options:
    calls = calls_in_turns(FIVE_CALLS, turns, here.calls_to_auto_compaction)
    return price_options(here, calls, ESTIMATE, BAND, is_cold=is_cold)


def test_reference_session_of_check_9():
    """25 calls from 150k: the forecast is $2.99 and compacting saves $1.09 of it."""
    options = over(5)
    assert options.calls == 25
    assert options.forecast.point_nano == pytest.approx(2.9875e9)
    assert options.compact.saving.point_nano == pytest.approx(1.09245e9)
    assert options.compact.one_off_nano == pytest.approx(0.495e9)
    assert options.compact.payback_turns == pytest.approx(495e6 / (114_000 * 557) / 5)
    assert options.best.kind in {OptionKind.COMPACT, OptionKind.NEW_SESSION}
    assert (options.go_on.saving, options.go_on.payback_turns) == (SavingRange(0, 0, 0), None)


situations = st.builds(
    lambda context, cold, ahead, fresh, limit, per_turn: replace(
        HERE,
        context=context,
        cold_probability=cold,
        remaining_calls=ahead,
        remaining_calls_of_a_fresh_session=fresh,
        calls_to_auto_compaction=limit,
        trigger_tokens=167_000,
        mean_calls_per_turn=per_turn,
    ),
    st.integers(10_000, 960_000),
    st.floats(0, 0.5),
    st.floats(0, 500),
    st.floats(0, 500),
    st.just(math.inf) | st.floats(0, 500),
    st.floats(0.5, 40),
)
estimates = st.builds(GrowthEstimate, st.floats(0, 14_000), st.floats(0, 5_000))
bands = (
    st.lists(st.floats(-1, 1), min_size=3, max_size=3)
    .map(sorted)
    .map(lambda ends: Band(ends[0], ends[1], ends[2], "own", 100))
)
horizons = st.builds(
    lambda ends, compacts: CallsAhead(*sorted(ends), compacts=compacts),
    st.tuples(st.floats(0, 500), st.floats(0, 500), st.floats(0, 500)),
    st.floats(0, 1),
)


@given(situations, estimates, bands, st.booleans())
def test_the_way_that_a_nudge_asks_for_has_its_very_saving(here, estimate, band, is_done):
    """Whether it fired or not, and whatever the forecast beside it."""
    state = CompactionState(here.context, None, plan_in_progress=False, failed_in_epoch=False)
    warm, cold = (price_options(here, here.calls_ahead, estimate, band, is_cold=is_cold) for is_cold in (False, True))
    resumed = cold_resume_nudge(here, ttl_ms=TTL_5M_MS, task_completed=is_done)
    pairs = [
        (compact_nudge(here, state, 0.0), warm.compact),
        (new_session_nudge(here, boundary_score=0.0, task_completed=is_done), warm.new_session),
        (resumed, cold.new_session if resumed.inputs["way"] == OptionKind.NEW_SESSION else cold.compact),
    ]
    for nudge, option in pairs:
        assert (nudge.saving, nudge.payback_turns) == (option.saving, option.payback_turns)


@given(situations, horizons, estimates, bands, st.booleans())
def test_cost_differences_are_the_savings_shown(here, calls, estimate, band, is_cold):
    options = price_options(here, calls, estimate, band, is_cold=is_cold)
    for option in (options.compact, options.new_session):
        assert options.go_on.cost_nano - option.cost_nano == pytest.approx(option.saving.point_nano, abs=3)
        assert option.saving.low_nano <= option.saving.point_nano <= option.saving.high_nano


@given(situations, horizons, estimates, bands, st.booleans())
def test_no_option_costs_less_than_what_it_pays_at_once(here, calls, estimate, band, is_cold):
    options = price_options(here, calls, estimate, band, is_cold=is_cold)
    for option in (options.go_on, options.compact, options.new_session):
        assert option.cost_nano >= option.one_off_nano - 2
        assert option.one_off_nano - 2 <= option.low_nano <= option.cost_nano + 1
        assert option.cost_nano - 1 <= option.high_nano
    assert options.best.cost_nano <= options.go_on.cost_nano


def test_continue_is_the_forecast_with_the_calls_that_may_turn_cold():
    options = over(5, replace(HERE, cold_probability=0.0))
    ahead = forecast(25, 150_000, ESTIMATE, HERE.tariff, BAND)
    assert (options.go_on.cost_nano, options.go_on.low_nano, options.go_on.high_nano) == (
        ahead.point_nano,
        ahead.low_nano,
        ahead.high_nano,
    )


@given(situations, horizons, estimates, bands, st.booleans())
def test_the_band_of_going_on_is_that_of_what_really_came(here, calls, estimate, band, is_cold):
    """Residuals are of bills, which hold the calls that turned cold: to add these again would move the ends."""
    options = price_options(here, calls, estimate, band, is_cold=is_cold)
    go_on, ahead = options.go_on, options.forecast
    once = go_on.one_off_nano + calls.compacts * compaction_nano(here.trigger_tokens, SHAPE, here.tariff)
    assert go_on.low_nano - once == pytest.approx(ahead.low_nano, abs=2)
    highest = max(ahead.high_nano, go_on.cost_nano - once)
    assert go_on.high_nano - once == pytest.approx(highest, abs=2)


def test_a_cold_cache_is_paid_by_going_on_and_by_a_cold_summary():
    warm, cold = over(5), over(5, is_cold=True)
    penalty = cold_penalty_nano(150_000, 15_000, HERE.tariff)
    assert cold.go_on.cost_nano - warm.go_on.cost_nano == pytest.approx(penalty)
    assert cold.compact.one_off_nano == round(compaction_nano(150_000, SHAPE, HERE.tariff, is_cold=True))
    assert cold.new_session.one_off_nano == round(cold_orientation_nano(SHAPE, Orientation(), HERE.tariff))
    assert warm.new_session.one_off_nano == round(new_session_nano(SHAPE, Orientation(), HERE.tariff))
    assert cold.forecast == warm.forecast


def test_a_cold_cache_by_hand():
    """25 calls: going on writes 135k again; the summary is read at the input rate, and 13k and 8k are written."""
    cold = over(5, is_cold=True)
    going_on = 135_000 * 9_500
    summary = 150_000 * 5_000 + 5_000 * 25_000 + 13_000 * 9_500 + 8_000 * 10_000 + 3 * (36_000 * 500 + 500 * 25_000)
    assert cold.compact.saving.point_nano == pytest.approx(going_on - summary + 25 * 114_000 * 557)
    fresh = 22_000 * 10_000 + 15_000 * 10_000 + (5 * 22_000 + 2_500 * 15) * 500 + 6 * 500 * 25_000
    assert cold.new_session.saving.point_nano == pytest.approx(going_on - fresh + 25 * 113_000 * 557)


def test_what_cannot_come_before_the_clients_own_compaction_is_not_priced():
    """Six calls from a full context: a forecast of more would be of prompts that no request can hold."""
    near = over(100, replace(HERE, calls_to_auto_compaction=5.5))
    assert near.calls == 6
    assert near.forecast == forecast(6, 150_000, ESTIMATE, HERE.tariff, BAND)
    assert near.compact.cost_nano >= near.compact.one_off_nano
    assert over(5, replace(HERE, calls_to_auto_compaction=0.0)).calls == 1
    assert over(100, replace(HERE, calls_to_auto_compaction=5.4)).calls == 5, "as reports round it"
    assert over(5, replace(HERE, calls_to_auto_compaction=25.0)).calls == 25
    assert over(5, replace(HERE, calls_to_auto_compaction=400.0)).calls == 25


def test_going_on_pays_for_the_clients_own_compaction_and_the_others_for_a_later_one():
    """At 167k it costs 503.5m; from 36k on the next one is 114k of 131k further off than from 150k."""
    near, soon = over(100, replace(HERE, calls_to_auto_compaction=5.5)), replace(HERE, calls_to_auto_compaction=20.0)
    running = forecast(6, 150_000, ESTIMATE, HERE.tariff, BAND).point_nano
    turning_cold = 6 * 0.006 * cold_penalty_nano(150_000, 15_000, HERE.tariff)
    own = 503.5e6
    assert near.go_on.cost_nano == pytest.approx(running + turning_cold * math.exp(BAND.median) + own)
    assert near.go_on.one_off_nano == 0, "nothing of it is paid at once"
    saved = 5.5 * 114_000 * 557 - 495e6 + own * 114 / 131
    assert near.compact.saving.point_nano == pytest.approx(saved)
    assert over(3, soon).compact.saving.point_nano == pytest.approx(15 * 114_000 * 557 - 495e6), "not so far yet"
    likely = saving_nano(495e6, 114_000 * 557, 50 * (1 - math.exp(-20 / 50))) + math.exp(-20 / 50) * own * 114 / 131
    options = price_options(soon, soon.calls_ahead, ESTIMATE, BAND, is_cold=False)
    assert options.compact.saving.point_nano == pytest.approx(likely)


def test_what_does_not_shorten_the_context_spares_nothing_of_the_clients_compaction():
    options = over(100, replace(HERE, context=30_000, calls_to_auto_compaction=5.5))
    assert options.compact.saving.point_nano == pytest.approx(-435e6 - 5.5 * 6_000 * 557)


def test_a_small_context_is_best_left_alone():
    options = over(5, replace(HERE, context=30_000))
    assert options.best.kind == OptionKind.CONTINUE
    assert options.compact.saving.low_nano <= options.compact.saving.point_nano < 0
    assert options.compact.payback_turns is None


def test_nobody_is_sent_elsewhere_for_next_to_nothing():
    options = over(5)
    go_on = options.go_on
    for saved, best in ((0.02, OptionKind.NEW_SESSION), (0.002, OptionKind.CONTINUE)):
        cheaper = replace(options.new_session, cost_nano=round((1 - saved) * go_on.cost_nano))
        assert replace(options, compact=go_on, new_session=cheaper).best.kind == best
    cents = Options(
        5,
        options.forecast,
        go_on=replace(go_on, cost_nano=100_000_000),
        compact=replace(options.compact, cost_nano=97_000_000),
        new_session=replace(options.new_session, cost_nano=93_000_000),
    )
    assert cents.best.kind == OptionKind.CONTINUE
    assert (
        replace(cents, new_session=replace(cents.new_session, cost_nano=90_000_000)).best.kind == cents.new_session.kind
    )


def test_what_a_free_model_does_costs_nothing_either_way():
    options = over(5, replace(HERE, tariff=Tariff(0, 0, 0, 0)))
    for option in (options.go_on, options.compact, options.new_session):
        assert (option.low_nano, option.cost_nano, option.high_nano) == (0, 0, 0)


def test_payback_in_turns():
    assert payback_turns(100.0, 10.0, 5.0) == 2
    assert payback_turns(-1.0, 10.0, 5.0) == 0
    assert payback_turns(100.0, 0.0, 5.0) is None
    assert payback_turns(100.0, 10.0, 0.0) == 10, "a turn is at least one call"


def test_a_way_that_is_not_the_cheapest_comes_with_a_reason():
    options = over(5)
    assert options.best.kind == OptionKind.NEW_SESSION
    assert options.why_not_best(options.best) == ""
    assert options.why_not_best(options.compact) == "A new session is cheaper, but knows nothing."
    compact_best = replace(options, compact=replace(options.compact, cost_nano=1))
    assert compact_best.why_not_best(compact_best.new_session) == "Compacting is cheaper, but keeps the old task."
    same = replace(options, compact=options.new_session)
    assert same.why_not_best(same.new_session) == "", "no other is cheaper"
