"""Two billings of one load: pauses replayed, exclusions apart, windows opened where work begins."""

from datetime import date, timedelta

import pytest

from tests.unit.plans.calls import call
from tracker.model.defaults import TTL_1H_MS, TTL_5M_MS
from tracker.model.plans.billing import Replayed, as_api_key, replay
from tracker.model.plans.load import (
    DayLoad,
    Limits,
    Window,
    day_loads,
    loaded_calls,
    loads_of_sums,
    week_load,
    week_overflow,
)
from tracker.model.plans.outlook import Terms, outlook
from tracker.model.plans.plan import Capacity, Excluded, Range, Size, exclusions_of
from tracker.model.plans.projection import DrawnMonth, DrawnWeek, Draws, Method
from tracker.plan_data.table import plans_on

DAY = date(2026, 11, 20)
MONDAY = date(2026, 11, 16)


def test_without_pauses_an_api_key_pays_less_for_each_write() -> None:
    calls = [call(1, 0, write_1h=100_000), call(2, 1, read=100_000, write_1h=1_000)]
    key = as_api_key(calls)
    assert [one.cost for one in key] == [500_000_000, 20_000_000 + 5_000_000]
    assert sum(one.call.cost or 0 for one in key) == 800_000_000 + 20_000_000 + 8_000_000


@pytest.mark.parametrize(
    ("pause", "rewritten"),
    [(4, 0), (5.1, 0), (5.2, 100_000), (59, 100_000), (60.1, 100_000), (61, 0)],
)
def test_a_pause_of_5_to_60_minutes_is_paid_again_by_an_api_key(pause: float, rewritten: int) -> None:
    """Past the hour both have lost the prefix: what the log reads then is somebody else's and stays."""
    calls = [call(1, 0, write_1h=100_000), call(2, pause, read=100_000)]
    assert as_api_key(calls)[1].cost == rewritten * 5_000 + (100_000 - rewritten) * 200


def test_what_was_written_for_five_minutes_stays_as_it_is() -> None:
    calls = [call(1, 0, write_5m=100_000), call(2, 30, write_5m=100_000), call(3, 31, read=100_000)]
    assert [one.cost for one in as_api_key(calls)] == [one.cost for one in calls]


@pytest.mark.parametrize(
    ("pause", "read", "written", "kept"),
    [
        (30, 0, 101_000, 100_000),
        (30, 20_000, 121_000, 120_000),  # with what the first call read
        (30, 0, 40_000, 40_000),  # of a prompt that became shorter, no more than was written
        (1, 0, 101_000, 0),  # lost for another reason
        (62, 0, 101_000, 0),  # lost either way
    ],
)
def test_a_longer_life_keeps_what_a_pause_had_lost(pause: int, read: int, written: int, kept: int) -> None:
    calls = [call(1, 0, read=read, write_5m=100_000), call(2, pause, write_5m=written)]
    assert replay(calls, TTL_1H_MS)[1].cost == kept * 200 + (written - kept) * 8_000


def test_a_longer_life_keeps_nothing_for_another_model() -> None:
    calls = [call(1, 0, write_5m=100_000, model="claude-opus-4-5"), call(2, 30, write_5m=101_000)]
    assert replay(calls, TTL_1H_MS)[1].cost == 101_000 * 8_000


def test_order_is_the_place_in_the_file() -> None:
    calls = [call(1, 0, write_1h=100_000)._replace(id=9), call(2, 30, read=100_000)._replace(id=3)]
    assert [(one.call.id, one.cost) for one in as_api_key(reversed(calls))] == [(9, 500_000_000), (3, 500_000_000)]


def test_the_two_parts_of_a_limit_unit() -> None:
    """Input and writes of either lifetime at the input rate with the output; reads by themselves."""
    one = call(1, 0, fresh=10, read=1_000, write_5m=100, write_1h=7, output=50)
    assert (one.fresh_nano, one.read_nano) == (117 * 4_000 + 50 * 20_000, 200_000)


def test_an_amount_without_rates_counts_whole_and_stays() -> None:
    one = call(2, 30, read=100_000, priced=False)._replace(cost=77)
    assert (one.fresh_nano, one.read_nano) == (77, 0)
    assert as_api_key([call(1, 0, write_1h=100_000), one])[1].cost == 77
    assert one._replace(cost=None).fresh_nano == 0


def test_a_static_first_block_survives() -> None:
    calls = [call(1, 0, write_1h=100_000), call(2, 30, read=100_000)]
    assert replay(calls, TTL_5M_MS, static_floor=15_000)[1].cost == 85_000 * 5_000 + 15_000 * 200


def test_chains_do_not_touch_each_other_and_unpriced_calls_stay_unpriced() -> None:
    calls = [call(1, 0, write_1h=100_000), call(2, 30, read=100_000, chain=2), call(3, 31, priced=False)]
    by_id = {one.call.id: one for one in as_api_key(calls)}
    assert by_id[2].cost == calls[1].cost == 100_000 * 200
    assert by_id[3].cost is None


def test_exclusions_of_a_call() -> None:
    none = {"is_fast": False, "is_other_agent": False}
    assert exclusions_of("claude-opus-5-5", 250_000, **none) == Excluded.OPUS_LONG
    assert exclusions_of("claude-opus-5-5", 200_000, **none) == Excluded(0)
    assert exclusions_of("claude-sonnet-4-6", 200_001, **none) == Excluded.SONNET_4_6_LONG
    assert exclusions_of("claude-sonnet-5-5", 900_000, **none) == Excluded(0)
    assert exclusions_of("claude-fable-5-2", 10, **none) == Excluded.FABLE
    assert exclusions_of("claude-haiku-5-5", 10, is_fast=True, is_other_agent=True) == (
        Excluded.FAST | Excluded.OTHER_AGENTS
    )


def test_windows_open_with_work_and_close_after_five_hours() -> None:
    calls = [call(number, minute, output=50_000) for number, minute in enumerate((0, 299, 300, 900))]
    days = day_loads(loaded_calls(Replayed(one, one.cost) for one in calls), Excluded(0), DAY, DAY)
    assert [window.logged for window in days[0].windows] == [2.0, 1.0, 1.0]


def test_a_window_has_all_four_sums_of_its_calls() -> None:
    """At $4 in, $20 out, $8 and $5 written, $0.20 read; billed to a key after half an hour, reads are writes."""
    calls = [call(1, 0, write_1h=100_000, output=50_000), call(2, 30, fresh=1_000, read=100_000)]
    [day] = day_loads(loaded_calls(as_api_key(calls)), Excluded(0), DAY, DAY)
    assert day.windows == (pytest.approx((0.8 + 1 + 0.004 + 0.02, 0.5 + 1 + 0.004 + 0.5, 0.4 + 1 + 0.004, 0.02)),)


def test_a_day_is_active_if_anything_was_spent() -> None:
    assert [DayLoad(DAY, (), excluded).is_active for excluded in (0.0, 0.01)] == [False, True]


def test_excluded_work_stands_apart_and_opens_no_window() -> None:
    calls = [call(1, 0, output=50_000, is_fast=True), call(2, 10, output=50_000), call(3, 400, priced=False)]
    day = day_loads(loaded_calls(Replayed(one, one.cost) for one in calls), Excluded.FAST, DAY, DAY)[0]
    assert (day.excluded, [window.api for window in day.windows], day.api) == (1.0, [1.0], 2.0)


def test_idle_days_are_days() -> None:
    days = loads_of_sums({date(2026, 11, 3): 4.0}, date(2026, 11, 1), date(2026, 11, 4))
    assert [day.is_active for day in days] == [False, False, True, False]
    assert sum(day.api for day in days) == 4.0
    assert [window.load(weight) for window in days[2].windows for weight in (None, 0.3)] == [2.0] * 4


def test_a_week_overflows_by_windows_first_and_then_as_a_whole() -> None:
    """Windows of 10 and 2 against 6: 4 do not fit; of the 8 that fit, 3 exceed a week of 5."""
    days = loads_of_sums({}, DAY, DAY)
    day = days[0]._replace(windows=(Window(10, 10, 10, 0), Window(2, 2, 2, 0)))
    over = week_overflow(week_load([day], None, None, 0, 6), Limits(5, 6))
    assert over.dollars == pytest.approx(4 + 3)
    assert over.hit_windows == 2
    assert over.bound == 12
    assert week_overflow(week_load([day], None, None, 0, 6), Limits(None, None)).dollars == 0


def test_a_limit_is_hit_in_the_month_of_its_day() -> None:
    """A burst on Wednesday is none of Sunday's five hours; where it fills the week, the days after it have to wait."""
    week = loads_of_sums({MONDAY + timedelta(days=step): 1.0 for step in range(7)}, MONDAY, MONDAY + timedelta(days=6))
    week[2] = week[2]._replace(windows=(Window(40, 40, 40, 0),))
    five_hours, whole_week = Limits(None, 30), Limits(38, None)
    counted = [week_load(week, None, None, day, day) for day in range(7)]
    assert [week_overflow(one, five_hours).hit_windows for one in counted] == [0, 0, 1, 0, 0, 0, 0]
    assert [week_overflow(one, whole_week).hit_windows for one in counted] == [0, 0, 1, 1, 1, 1, 1]
    both = Limits(34, 30)  # what the burst had above the five hours is not in the week: Saturday fills it
    assert [week_overflow(one, both).hit_windows for one in counted] == [0, 0, 1, 0, 0, 1, 1]
    plan = plans_on("2026-11-21")["pro"]

    def chance(first: int, last: int) -> float | None:
        draws = Draws(Method.WEEKS, [DrawnMonth([DrawnWeek(tuple(range(7)), first, last)], 1.0)])
        size = Capacity(Size(Range(90, 95, 100)), Size(Range(20, 25, 30)))
        return outlook(plan, size, week, draws, Terms()).hit_probability

    assert (chance(2, 2), chance(6, 6), chance(0, 6)) == (1, 0, 1)


def test_limit_units_weigh_reads_as_fitted() -> None:
    window = Window(10, 10, 4, 6)
    assert [window.load(weight) for weight in (None, 0.0, 0.5, 1.0)] == [10, 4, 7, 10]
