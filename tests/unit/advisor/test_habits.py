"""What is measured from the user's own sessions, and that every part of the program goes by the same figures."""

import random
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from store.ledger import open_ledger
from store.meta import store_habits
from store.reads.habits import Compaction
from store.records import CallFlag
from tests.unit.advisor.conftest import Desk, compacted
from tests.unit.advisor.transcripts import OPUS, START_MS
from tracker.advisor.advisor import Advisor
from tracker.advisor.compactions import triggers
from tracker.advisor.habits import (
    HABITS_TTL_MS,
    MAX_CALLS,
    Habits,
    Month,
    PastHabits,
    cached_habits,
    current_habits,
    measure_habits,
)
from tracker.model.advice.compaction import Aftermath
from tracker.model.defaults import DAY_MS, HOUR_MS, TTL_1H_MS
from tracker.model.forecast.next_calls import band_for
from tracker.model.quantiles import bootstrap_mean_interval


def test_the_size_after_a_compaction_is_measured_from_the_third_on(desk: Desk) -> None:
    for number, after in enumerate((50_000, 70_000)):
        last = compacted(desk, number, after)
    desk.take_in()
    assert measure_habits(desk.db, "claude-code", last.now).aftermath == Aftermath()
    last = compacted(desk, 2, 55_000)
    desk.take_in()
    habits = measure_habits(desk.db, "claude-code", last.now)
    assert habits.aftermath == Aftermath(25_000, 0, 0)
    assert habits.triggers == {"200000": 130_000}
    one = desk.transcript(start_ms=last.now + HOUR_MS)
    one.prompt("Add averages").tool_turns([30_000, 60_000])
    desk.advise(one.now)
    row = desk.log("compact")[-1]
    assert f'"context_after":{30_000 + 25_000}.0' in row["inputs"]


@pytest.mark.parametrize(
    ("changed", "learned"),
    [
        ({}, {"200000": 130_000}),
        ({"detail": "manual"}, {}),
        ({"tokens_before": None}, {}),
        ({"session_id": 2}, {}),
    ],
)
def test_only_the_clients_own_compactions_at_a_known_size_are_measured(
    changed: dict[str, Any], learned: dict[str, int]
) -> None:
    one = Compaction(1, "claude-code", "5ea3b8df", 7, "auto", 130_000)._replace(**changed)
    assert triggers([one], {1: "claude-opus-4-5"}) == learned


def test_what_is_read_again_is_measured(desk: Desk) -> None:
    """Two of three sessions read 18,000 characters again, one of them twice; what follows an edit is left out."""

    def read(name: str) -> tuple[str, dict[str, str]]:
        return "Read", {"file_path": f"/home/dev/shop/{name}"}

    for number, again in enumerate((["a.py"], ["a.py", "b.py", "a.py"], ["c.py"])):
        one = desk.transcript(start_ms=START_MS + number * DAY_MS)
        one.prompt("Add totals").call(30_000, read("a.py")).results("x" * 30_000)
        one.call(130_000).compact(130_000, 50_000, trigger="auto").prompt("go on")
        for place, name in enumerate(again):
            one.call(50_000 + 5_000 * place, read(name)).results("x" * 17_998)
        one.call(80_000, ("Edit", {"file_path": "/home/dev/shop/a.py"})).results("ok")
        one.call(81_000, read("a.py")).results("y" * 9_000)
        one.call(90_000)
    desk.take_in()
    found = measure_habits(desk.db, "claude-code", one.now).aftermath
    assert found == Aftermath(20_000, reread=(5_000 + 10_000 + 0) / 3, extra_calls=(1 + 2 + 0) / 3)


def test_what_was_read_between_two_compactions_is_read_again_after_the_second(desk: Desk) -> None:
    read = ("Read", {"file_path": "/home/dev/shop/a.py"})
    for number in range(3):
        one = desk.transcript(start_ms=START_MS + number * DAY_MS)
        one.prompt("Add totals").call(130_000).compact(130_000, 50_000, trigger="auto").prompt("go on")
        one.call(60_000, read).results("x" * 17_998).call(130_000).compact(130_000, 50_000, trigger="auto")
        one.prompt("go on").call(60_000, read).results("x" * 17_998).call(70_000)
    desk.take_in()
    found = measure_habits(desk.db, "claude-code", one.now).aftermath
    assert (found.reread, found.extra_calls) == (5_000 / 2, 1 / 2), "the first time is no second one"


@pytest.mark.parametrize(
    ("kept", "is_due"), [(0, False), (HABITS_TTL_MS - 1, False), (HABITS_TTL_MS, True), (-1, True), (None, True)]
)
def test_habits_are_measured_again_where_they_are_old_or_of_another_version(
    desk: Desk, kept: int | None, is_due: bool
) -> None:
    now = START_MS + DAY_MS
    store_habits(
        desk.db, "claude-code", now - (kept or 0), '{"sessions":3}' if kept is not None else '{"sessions":"x"}'
    )
    assert cached_habits(desk.db, "claude-code", now) == (Habits(sessions=3 if kept is not None else 0), is_due)


def test_a_report_that_measures_habits_waits_for_nobody_who_writes(desk: Desk, tmp_path: Path) -> None:
    last = compacted(desk, 0, 50_000)
    desk.take_in()
    desk.db.execute("PRAGMA busy_timeout = 50")
    with closing(open_ledger(tmp_path / "ledger.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        found = current_habits(desk.db, "claude-code", last.now)
        assert cached_habits(desk.db, "claude-code", last.now) == (Habits(), True)
        other.execute("ROLLBACK")
    assert found.calls
    assert current_habits(desk.db, "claude-code", last.now) == found
    assert cached_habits(desk.db, "claude-code", last.now) == (found, False)


def test_a_months_spend_is_in_the_unit_that_a_read_weighs_in() -> None:
    month = Month(spend_nano=900, fresh_nano=400.0, read_nano=100.2)
    assert [month.spend(weight) for weight in (None, 0.0, 0.5)] == [900, 400, 450]


def test_habits_of_a_past_day_are_those_measured_then(desk: Desk) -> None:
    for number in range(3):
        last = compacted(desk, number, 50_000)
    desk.take_in()
    then = measure_habits(desk.db, "claude-code", last.now + 1)
    compacted(desk, 9, 60_000)
    desk.take_in()
    past = PastHabits(desk.db, "claude-code").before(last.now + 1)
    for name in ("sessions", "pools", "first_context", "lengths", "gaps", "aftermath", "triggers"):
        assert getattr(past, name) == getattr(then, name), name
    assert measure_habits(desk.db, "claude-code", last.now + 30 * DAY_MS).sessions == past.sessions + 1


def test_the_latest_calls_count(desk: Desk) -> None:
    for number in range(4):
        last = compacted(desk, number, 50_000)
    desk.take_in()
    assert PastHabits(desk.db, "claude-code", max_calls=10).before(last.now + 1).sessions == 2
    assert PastHabits(desk.db, "claude-code", max_calls=MAX_CALLS).before(last.now + 1).sessions == 4


def test_habits_of_several_days_are_those_of_each_alone(desk: Desk) -> None:
    days = [compacted(desk, number, 50_000 + number).now + 1 for number in range(6)]
    desk.take_in()
    past = PastHabits(desk.db, "claude-code", max_calls=15)  # three sessions at a time
    for day in (*days, days[1]):
        assert past.before(day) == PastHabits(desk.db, "claude-code", max_calls=15).before(day)
    assert past.before(days[5]).sessions == 3


def test_a_month_is_all_of_it_however_few_calls_the_other_habits_rest_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        last = compacted(desk, number, 50_000)
    desk.take_in()
    whole = measure_habits(desk.db, "claude-code", last.now)
    monkeypatch.setattr("tracker.advisor.habits.MAX_CALLS", 10)
    part = measure_habits(desk.db, "claude-code", last.now)
    assert (whole.sessions, part.sessions) == (4, 2)
    assert (whole.month.calls.point, whole.month.cold_starts) == (20, 4)
    assert part.month == whole.month


def test_a_first_prompt_is_not_read_by_subagents(desk: Desk) -> None:
    for number in range(4):
        one = compacted(desk, number, 50_000)
    desk.take_in()
    whole = measure_habits(desk.db, "claude-code", one.now).month
    desk.db.execute("UPDATE chain SET key = 'a1', kind = 'subagent' WHERE session_id = 1")
    month = measure_habits(desk.db, "claude-code", one.now).month
    assert (month.calls.point, month.cold_starts) == (15, 3)
    assert month.spend_nano == whole.spend_nano


def test_the_range_of_a_month_is_that_of_the_month_to_come_and_not_of_a_mean(desk: Desk) -> None:
    draw = random.Random(2)
    counts = [float(draw.randrange(1, 30)) for _ in range(30)]
    for number, calls in enumerate(counts):
        one = desk.transcript(start_ms=START_MS + number * DAY_MS)
        one.prompt("work").tool_turns([30_000] * int(calls))
    desk.take_in()
    month = measure_habits(desk.db, "claude-code", one.now).month
    low, high = (30 * mean for mean in bootstrap_mean_interval(counts))
    assert month.calls.low < low < month.calls.point == sum(counts) < high < month.calls.high


def test_runs_of_programs_are_no_habit(desk: Desk) -> None:
    for number in range(3):
        last = compacted(desk, number, 50_000)
    desk.take_in()
    now = last.now + DAY_MS
    own, own_past = measure_habits(desk.db, "claude-code", now), PastHabits(desk.db, "claude-code").before(now)
    for number in range(12):
        run = desk.transcript(start_ms=START_MS + number * HOUR_MS, entrypoint="sdk-cli")
        run.prompt(f"You are a summarizer. Summarize session {number}").call(3_000)
    desk.take_in()
    assert measure_habits(desk.db, "claude-code", now) == own
    assert own.month.calls.point == own.calls == 15
    assert PastHabits(desk.db, "claude-code").before(now) == own_past


def test_calls_of_unknown_lifetime_tell_nothing_of_another(desk: Desk) -> None:
    for number in range(6):
        last = compacted(desk, number, 50_000)
    desk.take_in()
    known = measure_habits(desk.db, "claude-code", last.now).ttl
    desk.db.execute("UPDATE call SET flags = flags | ?", (int(CallFlag.TTL_UNKNOWN),))
    unknown = measure_habits(desk.db, "claude-code", last.now).ttl
    assert known is not None
    assert unknown is not None
    assert known.current_nano > unknown.current_nano == 0


@pytest.mark.parametrize(("model", "kept"), [(OPUS, 30_000), ("claude-sonnet-4-5-20250929", 0)])
def test_a_longer_life_keeps_nothing_for_another_model(desk: Desk, model: str, kept: int) -> None:
    for number in range(5):
        one = desk.transcript(start_ms=START_MS + number * DAY_MS).prompt("Why does the build fail?").call(30_000)
        one.wait(20 * 60).prompt("And the tests?")
        one.model = model
        one.call(31_000, read=0)
    desk.take_in()
    choice = measure_habits(desk.db, "claude-code", one.now).ttl
    assert choice is not None
    assert choice.rewrite_share == pytest.approx(kept / 61_000)
    assert (choice.better_ttl_ms == TTL_1H_MS) == (kept > 0)


def test_one_question_asked_headless_is_a_habit(desk: Desk) -> None:
    one = desk.transcript(entrypoint="sdk-cli").prompt("Why does the build fail?").call(30_000)
    desk.take_in()
    assert measure_habits(desk.db, "claude-code", one.now).sessions == 1


@pytest.mark.parametrize(("sessions", "source"), [(4, "shipped"), (6, "own")])
def test_a_hundred_forecasts_make_a_band_of_ones_own(desk: Desk, sessions: int, source: str) -> None:
    for number in range(sessions):
        one = desk.transcript(start_ms=START_MS + number * DAY_MS)
        for turn in range(21):
            one.prompt("work").tool_turns([30_000 + 900 * (5 * turn + call) for call in range(5)])
    desk.take_in()
    habits = measure_habits(desk.db, "claude-code", one.now + DAY_MS)
    band = habits.band(OPUS, 5)
    assert (band.source, band.residuals) == (source, 20 * sessions if source == "own" else 0)
    assert habits.band("another", 5) == band_for(5)
    assert current_habits(desk.db, "claude-code", one.now + DAY_MS).band(OPUS, 5) == band, "kept as it was measured"


def test_where_nothing_is_cached_forecasts_are_compared_at_the_price_of_input(desk: Desk) -> None:
    for number in range(6):
        one = desk.transcript(start_ms=START_MS + number * DAY_MS, caches=False)
        for turn in range(21):
            one.prompt("work").tool_turns([30_000 + 900 * (5 * turn + call) for call in range(5)])
    desk.take_in()
    band = measure_habits(desk.db, "claude-code", one.now + DAY_MS).band(OPUS, 5)
    assert band.source == "own"
    assert band.low == pytest.approx(0, abs=0.02), "regular growth is forecast to two per cent"
    assert band.high == pytest.approx(0, abs=0.02)


def test_an_advisor_that_runs_for_days_measures_again(desk: Desk) -> None:
    first = compacted(desk, 0, 50_000)
    desk.advise(first.now)
    assert desk.advisor.work_while_idle(desk.db, first.now)
    second = compacted(desk, 1, 70_000)
    desk.advise(second.now)
    assert desk.advisor.work_while_idle(desk.db, second.now)
    assert current_habits(desk.db, "claude-code", second.now).calls == 10


def test_habits_of_sessions_long_over_are_measured_in_the_first_quiet_moment(desk: Desk) -> None:
    one = compacted(desk, 0, 50_000)
    later = one.now + 30 * DAY_MS
    assert desk.advise(later) == []
    assert cached_habits(desk.db, "claude-code", later)[0].calls == 0
    assert desk.advisor.work_while_idle(desk.db, later)
    assert cached_habits(desk.db, "claude-code", later)[0].calls > 0
    assert not desk.advisor.work_while_idle(desk.db, later)


def test_habits_are_measured_again_where_nobody_worked_for_a_night(desk: Desk) -> None:
    """Those of an open dashboard stayed as they were until the next call, while one opened anew measured."""
    evening = compacted(desk, 0, 50_000).now
    desk.take_in()
    while desk.advisor.work_while_idle(desk.db, evening):
        pass
    for later, is_due in ((HOUR_MS, False), (14 * HOUR_MS, True), (15 * HOUR_MS, False), (-DAY_MS, True)):
        assert cached_habits(desk.db, "claude-code", evening + later)[1] == is_due
        while desk.advisor.work_while_idle(desk.db, evening + later):
            pass
        assert not cached_habits(desk.db, "claude-code", evening + later)[1]


def test_old_looks_that_said_nothing_are_forgotten_once_a_day_but_the_last_of_each_kind(desk: Desk) -> None:
    one = desk.transcript()
    for context in (30_000, 40_000):
        one.prompt("Add totals").call(context)
        desk.advise(one.now)
    while desk.advisor.work_while_idle(desk.db, one.now):
        pass
    looked_at = [row["context"] for row in desk.log("compact")]
    for later, left in ((29, [30_000, 40_000]), (31, [40_000])):
        while desk.advisor.work_while_idle(desk.db, one.now + later * DAY_MS):
            pass
        assert [row["context"] for row in desk.log("compact")] == left
    assert looked_at == [30_000, 40_000]


def test_what_is_said_first_goes_by_habits_that_were_never_measured(desk: Desk) -> None:
    for number, after in enumerate((50_000, 70_000, 55_000)):
        one = compacted(desk, number, after)
    one = desk.transcript(start_ms=one.now + HOUR_MS)
    one.prompt("Add averages").tool_turns([30_000, 60_000])
    advisor = Advisor(desk.files, measure_immediately=True)
    desk.advise(one.now, advisor)
    assert '"trigger":130000' in desk.log("compact")[-1]["inputs"]
