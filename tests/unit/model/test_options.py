"""Continue, compact, new session: costs differ by the shown savings, bands enclose points, payback is in turns."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.model.compaction import CompactionShape, compaction_nano
from tracker.model.forecast import Band, band_for, forecast
from tracker.model.fresh_start import Orientation, cold_orientation_nano, new_session_nano
from tracker.model.growth import CallsPerTurn, GrowthEstimate
from tracker.model.idle import cold_penalty_nano
from tracker.model.options import OptionKind, Outlook, SavingRange, payback_turns, price_options
from tracker.model.rates import Tariff

SHAPE = CompactionShape(
    baseline=22_000, static_floor=15_000, summary_kept=6_000, reread=8_000, extra_calls=3, output=500
)
OUTLOOK = Outlook(
    context=150_000,
    is_cold=False,
    shape=SHAPE,
    orientation=Orientation(),
    estimate=GrowthEstimate(2_000, 500),
    tariff=Tariff(input=5_000, write=10_000, read=500, output=25_000),
    cold_probability=0.006,
    calls_per_turn=CallsPerTurn(5.0, 2, 9),
    calls_to_auto_compaction=None,
    band=band_for(20),
)


def test_reference_session_of_check_9():
    """25 calls from 150k: the forecast is $2.99 and compacting saves $1.09 of it."""
    options = price_options(OUTLOOK, turns=5)
    assert options.calls == 25
    assert options.forecast.point_nano == pytest.approx(2.9875e9)
    assert options.compact.saving.point_nano == pytest.approx(1.09245e9)
    assert options.compact.one_off_nano == pytest.approx(0.495e9)
    assert options.compact.payback_turns == pytest.approx(495e6 / (114_000 * 557) / 5)
    assert options.best.kind in {OptionKind.COMPACT, OptionKind.NEW_SESSION}
    assert (options.go_on.saving, options.go_on.payback_turns) == (SavingRange(0, 0, 0), None)


outlooks = st.builds(
    lambda context, growth, output, cold, share, ahead, band: replace(
        OUTLOOK,
        context=context,
        estimate=GrowthEstimate(growth, output),
        cold_probability=share,
        is_cold=cold,
        calls_to_auto_compaction=ahead,
        band=Band(band[0], band[1], band[2], "own", 100),
    ),
    st.integers(37_000, 960_000),
    st.floats(0, 14_000),
    st.floats(0, 5_000),
    st.booleans(),
    st.floats(0, 0.5),
    st.none() | st.floats(0, 500),
    st.lists(st.floats(-1, 1), min_size=3, max_size=3).map(sorted),
)


@given(outlooks, st.integers(1, 40))
def test_cost_differences_are_the_savings_shown(outlook, turns):
    options = price_options(outlook, turns)
    for option in (options.compact, options.new_session):
        assert options.go_on.cost_nano - option.cost_nano == pytest.approx(option.saving.point_nano, abs=3)
        assert option.saving.low_nano <= option.saving.point_nano <= option.saving.high_nano


@given(outlooks, st.integers(1, 40))
def test_no_option_costs_less_than_what_it_pays_at_once(outlook, turns):
    options = price_options(outlook, turns)
    for option in (options.go_on, options.compact, options.new_session):
        assert option.cost_nano >= option.one_off_nano - 2
        assert option.one_off_nano - 2 <= option.low_nano <= option.cost_nano + 1
        assert option.cost_nano - 1 <= option.high_nano
    assert options.best.cost_nano <= options.go_on.cost_nano


def test_continue_is_the_forecast_with_the_calls_that_may_turn_cold():
    options = price_options(replace(OUTLOOK, cold_probability=0.0), turns=5)
    ahead = forecast(25, 150_000, OUTLOOK.estimate, OUTLOOK.tariff, OUTLOOK.band)
    assert (options.go_on.cost_nano, options.go_on.low_nano, options.go_on.high_nano) == (
        ahead.point_nano,
        ahead.low_nano,
        ahead.high_nano,
    )


@given(outlooks, st.integers(1, 40))
def test_the_band_of_going_on_is_that_of_what_really_came(outlook, turns):
    """Residuals are of bills, which hold the calls that turned cold: to add these again would move the ends."""
    options = price_options(outlook, turns)
    go_on, ahead = options.go_on, options.forecast
    assert go_on.low_nano - go_on.one_off_nano == pytest.approx(ahead.low_nano, abs=2)
    highest = max(ahead.high_nano, go_on.cost_nano - go_on.one_off_nano)
    assert go_on.high_nano - go_on.one_off_nano == pytest.approx(highest, abs=2)


def test_a_cold_cache_is_paid_by_going_on_and_by_a_cold_summary():
    warm, cold = price_options(OUTLOOK, 5), price_options(replace(OUTLOOK, is_cold=True), 5)
    penalty = cold_penalty_nano(150_000, 15_000, OUTLOOK.tariff)
    assert cold.go_on.cost_nano - warm.go_on.cost_nano == pytest.approx(penalty)
    assert cold.compact.one_off_nano == round(compaction_nano(150_000, SHAPE, OUTLOOK.tariff, is_cold=True))
    assert cold.new_session.one_off_nano == round(cold_orientation_nano(SHAPE, Orientation(), OUTLOOK.tariff))
    assert warm.new_session.one_off_nano == round(new_session_nano(SHAPE, Orientation(), OUTLOOK.tariff))
    assert cold.forecast == warm.forecast


def test_savings_end_at_the_clients_own_compaction():
    near = price_options(replace(OUTLOOK, calls_to_auto_compaction=5.5), turns=5)
    assert near.compact.saving.point_nano == pytest.approx(5.5 * 114_000 * 557 - 495e6)
    assert near.best.kind == OptionKind.CONTINUE


def test_what_cannot_come_before_the_clients_own_compaction_is_not_priced():
    """Six calls from a full context: a forecast of more would be of prompts that no request can hold."""
    near = price_options(replace(OUTLOOK, calls_to_auto_compaction=5.5), turns=100)
    assert (near.calls, near.until_compaction) == (6, True)
    assert near.forecast == forecast(6, 150_000, OUTLOOK.estimate, OUTLOOK.tariff, OUTLOOK.band)
    assert near.compact.cost_nano >= near.compact.one_off_nano
    assert price_options(replace(OUTLOOK, calls_to_auto_compaction=0.0), turns=5).calls == 1
    assert price_options(replace(OUTLOOK, calls_to_auto_compaction=5.4), turns=100).calls == 5, "as reports round it"
    far = price_options(replace(OUTLOOK, calls_to_auto_compaction=25.0), turns=5)
    assert (far.calls, far.until_compaction) == (25, False)
    assert price_options(replace(OUTLOOK, calls_to_auto_compaction=400.0), turns=5).calls == 25


def test_a_small_context_is_best_left_alone():
    options = price_options(replace(OUTLOOK, context=30_000), turns=5)
    assert options.best.kind == OptionKind.CONTINUE
    assert options.compact.saving.low_nano <= options.compact.saving.point_nano < 0
    assert options.compact.payback_turns is None


def test_what_a_free_model_does_costs_nothing_either_way():
    options = price_options(replace(OUTLOOK, tariff=Tariff(0, 0, 0, 0)), turns=5)
    for option in (options.go_on, options.compact, options.new_session):
        assert (option.low_nano, option.cost_nano, option.high_nano) == (0, 0, 0)


def test_payback_in_turns():
    assert payback_turns(100.0, 10.0, 5.0) == 2
    assert payback_turns(-1.0, 10.0, 5.0) == 0
    assert payback_turns(100.0, 0.0, 5.0) is None
    assert payback_turns(100.0, 10.0, 0.0) == 10, "a turn is at least one call"


def test_a_way_that_is_not_the_cheapest_comes_with_a_reason():
    options = price_options(OUTLOOK, turns=5)
    assert options.best.kind == OptionKind.NEW_SESSION
    assert options.why_not_best(options.best) == ""
    assert options.why_not_best(options.compact) == "A new session is cheaper, but knows nothing."
    compact_best = replace(options, compact=replace(options.compact, cost_nano=1))
    assert compact_best.why_not_best(compact_best.new_session) == "Compacting is cheaper, but keeps the old task."
    same = replace(options, compact=options.new_session)
    assert same.why_not_best(same.new_session) == "", "no other is cheaper"
