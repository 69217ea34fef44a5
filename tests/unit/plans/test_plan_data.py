"""Plans as dated data, the user's rows over them, and capacities with an origin."""

import json
from pathlib import Path

import pytest

from store.money import NANO_PER_USD
from tests.unit.plans.meters import fit, simulate
from tracker.model.plans.capacity import (
    LimitHit,
    MeterFits,
    choose_capacities,
    metered_capacity,
    refused_capacity,
    scaled_capacity,
)
from tracker.model.plans.plan import Capacity, Excluded, Origin, Range, Size
from tracker.plan_data.table import capacities, plans_on
from tracker.settings import CapacitySettings, SettingsError

TODAY = "2026-11-21"


@pytest.mark.parametrize("day", ["2026-01-01", TODAY])
def test_every_row_has_a_source_and_the_day_it_was_checked(day: str) -> None:
    for row in plans_on(day).values():
        assert row.source, row.id
        assert row.checked_on, row.id
        assert row.valid_from, row.id
        assert row.published.detail or row.published.origin == Origin.UNKNOWN, row.id


def test_a_plan_is_the_row_of_its_day() -> None:
    assert plans_on("2026-10-29")["max"].name == "Max 5x"
    assert plans_on("2026-10-30")["max"].name == "Max"
    assert plans_on("2026-10-29")["ultra"].has_five_hour
    assert not plans_on(TODAY)["ultra"].has_five_hour
    assert list(plans_on(TODAY))[:4] == ["api", "pro", "max", "ultra"]


def test_prices_and_exclusions() -> None:
    plans = plans_on(TODAY)
    pro = plans["pro"]
    assert pro.fee_usd() == 20
    assert pro.fee_usd(seats=3, annual=True) == 51
    assert pro.fee_usd(tax=0.19) == pytest.approx(23.8)
    assert plans["max"].fee_usd(annual=True) == 100
    assert Excluded.FABLE in pro.excludes
    assert Excluded.FABLE not in plans["max"].excludes
    assert all(Excluded.FAST in one.excludes for one in plans.values() if not one.is_metered)


def test_capacity_is_unknown_where_nobody_measured_one() -> None:
    assert plans_on(TODAY)["team-premium"].published.origin == Origin.UNKNOWN
    published = plans_on(TODAY)["pro"].published
    week, five_hour = Size(Range(37.5, 60, 95)), Size(Range(4.1, 8.2, 20.8))
    assert published == Capacity(week, five_hour, Origin.PUBLISHED, published.detail)


def test_a_user_adds_and_replaces_plans(isolated_home: Path) -> None:
    isolated_home.mkdir()
    own = isolated_home / "plans.toml"
    own.write_text(
        '[[plan]]\nid = "pro"\nname = "Pro"\nmonthly_usd = "22"\nwindows = ["week"]\nvalid_from = "2026-11-01"\n'
        '[[plan]]\nid = "mine"\nname = "Mine"\nmonthly_usd = "5"\nwindows = ["week"]\nweek = [1, 2, 3]\n'
        'valid_from = "2026-01-01"\n'
    )
    plans = plans_on(TODAY)
    assert plans["pro"].monthly_nano == 22 * NANO_PER_USD
    assert plans["mine"].published.week == Size(Range(1, 2, 3))
    assert plans_on("2026-10-01")["pro"].monthly_nano == 20 * NANO_PER_USD


@pytest.mark.parametrize(
    "text",
    [
        "[[plan]\n",
        '[[plan]]\nid = "x"\n',
        '[[plan]]\nid = "x"\nname = "X"\nmonthly_usd = "ten"\nvalid_from = "2026-01-01"\n',
        '[[plan]]\nid = "x"\nname = "X"\nmonthly_usd = "1"\nvalid_from = "2026-01-01"\nexcludes = ["sleep"]\n',
        '[[plan]]\nid = "x"\nname = "X"\nmonthly_usd = "1"\nvalid_from = "2026-01-01"\nweek = [3, 2, 1]\n',
    ],
)
def test_a_wrong_plan_file_is_one_clear_error(text: str, isolated_home: Path) -> None:
    isolated_home.mkdir()
    own = isolated_home / "plans.toml"
    own.write_text(text)
    with pytest.raises(SettingsError, match=r"plans\.toml"):
        plans_on(TODAY)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"windows": ["weak"]}, "plan x: there is no window 'weak' (known: five_hour, week)"),
        ({"monthly_usd": "-30"}, "plan x: monthly_usd = '-30' is no amount of dollars"),
        ({"monthly_usd": "abc"}, "plan x: monthly_usd = 'abc' is no amount of dollars"),
        ({"annual_usd": "nan"}, "plan x: annual_usd = 'nan' is no amount of dollars"),
        ({"api_credit_usd": ""}, "plan x: api_credit_usd = '' is no amount of dollars"),
        ({"valid_from": "soon"}, "plan x: valid_from = 'soon' is no day"),
        ({"valid_from": "20261030"}, "plan x: valid_from = '20261030' is no day"),
        ({"valid_from": "2026-13-01"}, "plan x: valid_from = '2026-13-01' is no day"),
    ],
)
def test_a_value_that_cannot_be_meant_is_named(given: dict[str, object], says: str, isolated_home: Path) -> None:
    isolated_home.mkdir()
    own = isolated_home / "plans.toml"
    values = {"id": "x", "name": "X", "monthly_usd": "1", "valid_from": "2026-01-01"} | given
    own.write_text("[[plan]]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()))
    with pytest.raises(SettingsError) as error:
        plans_on(TODAY)
    assert str(error.value).startswith(f"{own}: {says}")


def test_settings_stand_over_publications_window_by_window() -> None:
    plans = plans_on(TODAY)
    given = capacities(plans, {"pro": CapacitySettings(low=30, mid=50, high=70), "max": CapacitySettings(unknown=True)})
    assert given["pro"].week == Size(Range(30, 50, 70))
    assert given["pro"].five_hour == plans["pro"].published.five_hour
    assert given["pro"].origin == Origin.SETTINGS
    assert given["max"].week is None
    assert given["max"].origin == Origin.UNKNOWN


def test_a_single_figure_gets_the_default_spread() -> None:
    given = capacities(plans_on(TODAY), {"pro": CapacitySettings(mid=100)})["pro"].week
    assert given is not None
    assert given.amount == pytest.approx((65, 100, 135))


@pytest.mark.parametrize("wrong", [CapacitySettings(low=5, mid=4), CapacitySettings(mid=0)])
def test_figures_out_of_order_are_refused(wrong: CapacitySettings) -> None:
    with pytest.raises(SettingsError, match="low, mid and high"):
        capacities(plans_on(TODAY), {"pro": wrong})


def test_a_capacity_for_no_plan_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"capacity\.prow.*known: api, pro"):
        capacities(plans_on(TODAY), {"prow": CapacitySettings(mid=3)})


def test_a_range_is_logarithmic_from_end_to_end() -> None:
    size = Range(10, 20, 80)
    assert [size.at(share) for share in (0, 0.25, 0.5, 0.75, 1)] == pytest.approx([10, 200**0.5, 20, 40, 80])


def test_a_meter_comes_first_and_is_scaled_to_other_plans_by_what_is_published() -> None:
    plans = plans_on(TODAY)
    published = {plan_id: one.published for plan_id, one in plans.items()}
    meter = fit(simulate(0.3, 1.5, 4, window_hours=168))
    own = metered_capacity(MeterFits(week=meter))
    assert own is not None
    assert own.origin == Origin.METER
    assert own.week == Size(meter.size, meter.read_weight, meter.dollars_per_unit)
    made = choose_capacities(plans, published, "max", own, None)
    assert made["max"] == own.with_gaps_from(published["max"])
    assert made["max"].five_hour == published["max"].five_hour
    assert made["pro"].origin == Origin.SCALED
    assert made["pro"].week is not None
    assert made["pro"].week.amount.mid == pytest.approx(meter.size.mid * 60 / 440)
    assert made["pro"].week.read_weight == meter.read_weight
    assert made["pro"].five_hour == published["pro"].five_hour
    assert made["ultra"].five_hour is None
    assert made["max"].week is not None
    assert made["max"].week.usd == meter.size.times(meter.dollars_per_unit)
    assert made["pro"].week.usd == made["pro"].week.amount.times(meter.dollars_per_unit)
    assert made["team-premium"].origin == Origin.UNKNOWN
    assert made["api"] == published["api"]


def test_a_five_hour_meter_alone_says_nothing_of_weeks() -> None:
    plans = plans_on(TODAY)
    published = {plan_id: one.published for plan_id, one in plans.items()}
    own = metered_capacity(MeterFits(five_hour=fit(simulate(0.3, 1.5, 4, window_hours=168))))
    made = choose_capacities(plans, published, "max", own, None)
    assert own is not None
    assert own.five_hour is not None
    assert made["pro"].five_hour is not None
    assert made["pro"].five_hour.amount == pytest.approx(Range.around(own.five_hour.amount.mid * 8.2 / 50))
    assert (made["max"].week, made["pro"].week) == (published["max"].week, published["pro"].week)
    assert made["ultra"] == published["ultra"]


METERED, REFUSED, SET = (
    Capacity(Size(Range(1, 2, 3)), origin=origin) for origin in (Origin.METER, Origin.REFUSALS, Origin.SETTINGS)
)


@pytest.mark.parametrize(
    ("current", "is_set", "metered", "refused", "max_from", "pro_from"),
    [
        ("max", False, METERED, REFUSED, Origin.METER, Origin.SCALED),
        ("max", True, METERED, REFUSED, Origin.METER, Origin.SETTINGS),
        ("max", True, None, REFUSED, Origin.SETTINGS, Origin.SETTINGS),
        ("max", False, None, REFUSED, Origin.REFUSALS, Origin.PUBLISHED),
        ("max", False, None, None, Origin.PUBLISHED, Origin.PUBLISHED),
        ("api", False, METERED, REFUSED, Origin.PUBLISHED, Origin.PUBLISHED),
        ("team-premium", False, METERED, REFUSED, Origin.PUBLISHED, Origin.PUBLISHED),
        ("no such plan", False, METERED, REFUSED, Origin.PUBLISHED, Origin.PUBLISHED),
        (None, False, METERED, REFUSED, Origin.PUBLISHED, Origin.PUBLISHED),
    ],
)
def test_the_order_of_trust_is_meter_settings_refusals_publications(
    current: str | None,
    is_set: bool,
    metered: Capacity | None,
    refused: Capacity | None,
    max_from: str,
    pro_from: str,
) -> None:
    plans = plans_on(TODAY)
    published = {plan_id: one.published for plan_id, one in plans.items()}
    given = {plan_id: SET if is_set else one for plan_id, one in published.items()}
    made = choose_capacities(plans, given, current, metered, refused)
    assert (made["max"].origin, made["pro"].origin) == (max_from, pro_from)
    assert made["api"] == given["api"]


def test_no_meter_is_no_capacity_and_no_ratio_is_no_scaling() -> None:
    assert metered_capacity(MeterFits()) is None
    plans = plans_on(TODAY)
    assert scaled_capacity(METERED, plans["max"], plans["team-premium"]) is None


def test_three_refusals_bound_a_window() -> None:
    hits = [LimitHit(at, spent) for at, spent in enumerate((4.0, 5.0, 6.0))]
    found = refused_capacity(hits, [])
    assert found is not None
    assert found.origin == Origin.REFUSALS
    assert found.five_hour is not None
    assert found.five_hour.amount == pytest.approx((4.2, 5.0, 5.8))
    assert found.week is None
    published = Size(Range(37.5, 60, 95))
    assert found.with_gaps_from(Capacity(published)).week == published
    assert refused_capacity(hits[:2], []) is None
