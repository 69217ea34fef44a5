"""Which plan for which load: the table of PRICES 3.5, bursts, work that waits at a limit, and what cannot be told."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tests.unit.plans.months import INDIVIDUAL, compare, days_of, workdays
from tracker.model.plans.load import DayLoad, Window
from tracker.model.plans.plan import Capacity, Origin, Range, Size
from tracker.model.plans.verdict import CANNOT_TELL, Changes, changes_at, either

Rule = Callable[[date], float]


def on_weekday(weekday: int, usd: float) -> Rule:
    """All of a week's work on one day."""
    return lambda day: usd if day.weekday() == weekday else 0.0


def alternating(low: float, high: float) -> Rule:
    """Slack weeks and busy ones."""
    return lambda day: (low if day.isocalendar().week % 2 else high) if day.weekday() < 5 else 0.0


# Pro carries $37.5-95 a week, Max $312-550, Ultra $375-1,900 (published ranges). A flat week is five working days.
FLAT = [
    (0.5, {"api"}),  # $10.50 a month: less than any fee
    (1, {"pro"}),  # $21 a month against $20
    (3, {"pro"}),
    (6, {"pro"}),  # $30 a week fits even the low end of Pro
    (10, {"pro"}),  # $50 a week: at worst $57 of extra usage, still under Max
    (13, {"pro", "max"}),  # $65 a week: extra usage passes $80 where Pro carries less than $46.6
    (15, {"pro", "max"}),  # $75 a week: the same below $56.6
    (20, {"max"}),  # $100 a week: only above $81.6 of Pro's range would Pro be cheaper
    (30, {"max"}),
    (50, {"max"}),  # $250 a week fits even the low end of Max
    (150, {"ultra"}),  # $750 a week is beyond the whole range of Max
]


@pytest.mark.parametrize(("usd", "plans"), FLAT)
def test_flat_loads_get_what_capacity_ranges_justify(usd: float, plans: set[str]) -> None:
    verdict = compare(days_of(workdays(usd))).verdict
    assert set(verdict.candidates) == plans
    assert verdict.plan == (next(iter(plans)) if len(plans) == 1 else CANNOT_TELL)


@pytest.mark.parametrize("usd", [6, 10, 15])
def test_no_plan_dearer_than_the_load_needs_is_sold(usd: float) -> None:
    compared = compare(days_of(workdays(usd)))
    assert "ultra" not in compared.verdict.candidates
    if "max" in compared.verdict.candidates:
        # Only where Pro with its extra usage may cost more than Max does.
        assert compared.by_plan["pro"].monthly.p90 > compared.by_plan["max"].monthly.p50


BURSTS = [
    (on_weekday(1, 15), {"pro"}),  # $3 a working day on average
    (on_weekday(1, 30), {"pro"}),  # the week still fits Pro's low end
    (on_weekday(2, 50), {"pro", "max"}),  # whether a $50 day fits depends on its hours, which a sum does not tell
    (on_weekday(1, 250), {"max", "ultra"}),  # Max has a five-hour limit, Ultra has none
    (alternating(2, 20), {"pro", "max"}),
]


@pytest.mark.parametrize(("rule", "plans"), BURSTS)
def test_bursty_loads(rule: Rule, plans: set[str]) -> None:
    assert set(compare(days_of(rule)).verdict.candidates) == plans


WAITING = [
    (0.5, {"api"}),
    (3, {"pro"}),
    (6, {"pro"}),
    (10, {"pro", "max"}),  # $50 a week may or may not fit Pro: nothing says that Max is needed
    (30, {"max"}),
    (100, {"max", "ultra", "api"}),  # $500 a week: inside both ranges; only the API surely never stops
]


@pytest.mark.parametrize(("usd", "plans"), WAITING)
def test_loads_whose_work_waits_at_a_limit(usd: float, plans: set[str]) -> None:
    assert set(compare(days_of(workdays(usd)), extra_usage=False).verdict.candidates) == plans


@pytest.mark.parametrize("extra_usage", [True, False])
def test_a_load_about_as_dear_as_a_fee_has_no_answer_that_a_cent_turns_around(extra_usage: bool) -> None:
    """No limit is in the way of either, so that only more months could tell, whether work above one waits or not."""
    verdict = compare(days_of(alternating(0.5, 1.4)), extra_usage=extra_usage).verdict
    assert (verdict.plan, set(verdict.candidates)) == (CANNOT_TELL, {"api", "pro"})
    assert "The bands overlap" in verdict.reason
    assert (verdict.would_settle or "").startswith("More weeks of history")


def test_an_answer_says_in_how_many_of_the_months_it_holds() -> None:
    verdict = compare(days_of(alternating(0.85, 1.6)), extra_usage=False).verdict
    assert verdict.plan == "pro"
    assert 0.8 <= (verdict.sure or 0) < 1


def test_a_plan_that_may_carry_the_work_for_less_than_one_that_surely_does_is_not_left_out() -> None:
    """$350 in one week of eight: Max costs half of Ultra in the months for which the API would be too dear."""
    verdict = compare(
        days_of(lambda day: 70 if _is_busy(day) else 2 if day.weekday() < 5 else 0), extra_usage=False
    ).verdict
    assert verdict.candidates == ("max", "api", "ultra")
    assert verdict.reason.startswith("Max, API or Ultra: whether Max carries this work depends on")


@pytest.mark.parametrize(
    ("known", "settles"),
    [
        ({}, "The hours of the work"),
        ({"knows_hours": True}, "after 30 more steps of"),
        ({"knows_hours": True, "meter_intervals": 29}, "after 1 more step of"),
        ({"knows_hours": True, "meter_intervals": 30}, "More weeks of history"),
        ({"knows_hours": True, "has_unused_meter": True}, "Your plan: --plan ID"),
    ],
)
def test_what_would_settle_it_is_the_first_thing_that_is_not_known(known: dict[str, Any], settles: str) -> None:
    days = days_of(lambda day: 70 if _is_busy(day) else 2 if day.weekday() < 5 else 0)
    assert settles in (compare(days, extra_usage=False, **known).verdict.would_settle or "")


def test_where_no_plan_carries_the_work_the_answer_says_so() -> None:
    verdict = compare(days_of(workdays(500)), plans=("pro", "max"), extra_usage=False, tolerance=0.3).verdict
    assert (verdict.plan, verdict.candidates) == (CANNOT_TELL, ("pro", "max"))
    assert verdict.reason == "No plan here carries this work in 70% of the months."
    assert "a higher tolerance" in (verdict.would_settle or "")


def _is_busy(day: date) -> bool:
    return day.isocalendar().week % 8 == 0 and day.weekday() < 5


def test_a_plan_without_any_limit_in_the_way_needs_no_tolerance() -> None:
    strict = compare(days_of(workdays(3)), extra_usage=False, tolerance=0.0).verdict
    assert strict.plan == "pro"


def test_hours_settle_what_sums_leave_open() -> None:
    """The same $50 a week: in ten windows of five dollars Pro carries it, in one it does not."""
    spread = [
        DayLoad(day.day, tuple(Window(5, 5, 5, 0) for _ in range(2)) if day.day.weekday() < 5 else ())
        for day in days_of(lambda _: 0)
    ]
    packed = [
        DayLoad(day.day, (Window(50, 50, 50, 0),) if day.day.weekday() == 2 else ()) for day in days_of(lambda _: 0)
    ]
    assert compare(spread, knows_hours=True).verdict.plan == "pro"
    assert compare(packed, knows_hours=True).verdict.plan == "max"


def test_an_unknown_capacity_keeps_the_answer_open_and_says_what_would_settle_it() -> None:
    unknown = Capacity(origin=Origin.UNKNOWN)
    verdict = compare(days_of(workdays(10)), capacities={"pro": unknown, "max": unknown, "ultra": unknown}).verdict
    assert verdict.plan == CANNOT_TELL
    assert {"api", "pro", "max"} <= set(verdict.candidates)
    assert "capacity for Pro and Max" in (verdict.would_settle or "")


def test_an_unknown_capacity_does_not_matter_where_the_fee_alone_is_more_than_the_api() -> None:
    unknown = Capacity(origin=Origin.UNKNOWN)
    verdict = compare(days_of(workdays(0.5)), capacities={"pro": unknown, "max": unknown, "ultra": unknown}).verdict
    assert verdict.plan == "api"


def test_an_unknown_capacity_has_no_probability_and_a_cost_from_all_fits_to_nothing_fits() -> None:
    team = compare(days_of(workdays(10)), plans=("api", "team-standard")).by_plan["team-standard"]
    assert team.hit_probability is None
    assert team.utilisation is None
    assert team.monthly.p10 == pytest.approx(25)
    assert team.monthly.p90 == pytest.approx(25 + 210)


def test_work_that_waits_costs_nothing_where_the_capacity_is_unknown() -> None:
    team = compare(days_of(workdays(10)), plans=("api", "team-standard"), extra_usage=False).by_plan["team-standard"]
    assert (team.monthly.p10, team.monthly.p90) == (25, 25)
    assert not team.is_known


def test_a_measured_capacity_decides_what_a_published_range_left_open() -> None:
    days = days_of(workdays(15))
    wide = Capacity(Size(Range(76, 80, 84)), Size(Range(20, 25, 30)), Origin.METER)
    tight = Capacity(Size(Range(36, 38, 40)), Size(Range(20, 25, 30)), Origin.METER)
    assert compare(days, capacities={"pro": wide}).verdict.plan == "pro"
    assert compare(days, capacities={"pro": tight}).verdict.plan == "max"


def test_three_days_of_history_give_a_range_but_no_verdict() -> None:
    verdict = compare(days_of(workdays(6), count=3)).verdict
    assert verdict.plan == CANNOT_TELL
    assert verdict.would_settle == "4 more days of work."
    assert "Only 3 recent days of work are recorded" in verdict.reason


def test_one_day_is_one_day() -> None:
    assert "Only 1 recent day of work is recorded" in compare(days_of(workdays(6), count=1)).verdict.reason
    assert compare(days_of(workdays(6), count=8)).verdict.would_settle == "1 more day of work."


def test_without_work_there_is_no_verdict() -> None:
    verdict = compare(days_of(lambda _: 0.0)).verdict
    assert (verdict.plan, verdict.would_settle) == (CANNOT_TELL, "A week of work.")


@pytest.mark.parametrize(("share", "plan"), [(1.0, CANNOT_TELL), (0.11, CANNOT_TELL), (0.05, "pro")])
def test_unpriced_calls_block_the_answer(share: float, plan: str) -> None:
    assert compare(days_of(workdays(6)), unpriced_share=share).verdict.plan == plan


def test_every_reason_names_amounts() -> None:
    for rule in (workdays(1), workdays(13), workdays(50)):
        assert "$" in compare(days_of(rule)).verdict.reason


def test_the_next_plan_of_a_reason_is_one_whose_cost_is_known() -> None:
    """Team Standard is somewhere between its fee and the API's bill on top of it."""
    compared = compare(days_of(workdays(5)), plans=(*INDIVIDUAL, "team-standard"))
    assert 20 < compared.by_plan["team-standard"].monthly.p50 < 100
    assert "next is Max at $100" in compared.verdict.reason


def test_what_a_reason_says_comes_on_top_of_the_fee_adds_up() -> None:
    """Most months fit Pro, a busy one costs much more: the month in the middle has little on top."""
    compared = compare(days_of(alternating(3, 14)))
    assert compared.verdict.plan == "pro"
    middle = compared.by_plan["pro"].monthly.p50
    assert f"${middle:,.0f} a month, about ${middle - 20:,.0f} of it on top of the fee" in compared.verdict.reason


def test_a_reason_names_dollars_where_a_capacity_is_in_limit_units() -> None:
    reads = Window(30.0, 30.0, 3.0, 27.0)
    days = [DayLoad(day.day, (reads,) if day.day.weekday() < 5 else ()) for day in days_of(lambda _: 0)]
    units = Capacity(Size(Range(39, 40, 41), read_weight=0.1, unit_usd=30 / 5.7), None, Origin.METER)
    compared = compare(days, capacities={"ultra": units}, plans=("api", "ultra"), knows_hours=True)
    assert "It carries $205–216 a week (your meter); your weeks use 71%" in compared.verdict.reason


def test_changes_are_found_where_the_winner_changes() -> None:
    def costs(level: float) -> dict[str, float]:
        return {"api": level, "plan": 20.0, "big": 20.0 + max(0.0, level - 100.0) * -1 + 80 if level > 100 else 100.0}

    now, below, above = changes_at(costs, 50.0)
    assert now == "plan"
    assert below is not None
    assert below[1] == "api"
    assert below[0] == pytest.approx(20, rel=0.02)
    assert above is not None
    assert above[1] == "big"


def test_without_a_change_of_winner_none_is_named() -> None:
    assert changes_at(lambda _: {"api": 1.0, "plan": 2.0}, 5.0) == Changes("api")


def test_alternatives_in_a_sentence() -> None:
    assert [either(names) for names in ([], ["API"], ["API", "Pro"], ["API", "Max", "Ultra"])] == [
        "", "API", "API or Pro", "API, Max or Ultra",
    ]  # fmt: skip
