"""The context report goes by what the advisor goes by."""

import json

import pytest

from store.reads.sessions import find_session
from tests.unit.advisor.conftest import Desk, compacted
from tests.unit.advisor.transcripts import START_MS
from tracker.advisor.habits import (
    Habits,
    measure_habits,
)
from tracker.advisor.preferences import PreferenceReader, Preferences
from tracker.model.defaults import DAY_MS, DEFAULTS, HOUR_MS, TTL_5M_MS
from tracker.reports.context import context_report, horizon


def test_where_nothing_is_cached_the_next_call_pays_for_the_context_as_input(desk: Desk) -> None:
    made = {caches: desk.transcript(caches=caches) for caches in (True, False)}
    levels = {}
    for caches, one in made.items():
        one.prompt("Add averages").tool_turns([30_000, 60_000, 90_000])
        desk.take_in()
        [session] = find_session(desk.db, one.session, one.now)
        report = context_report(desk.db, session.id, Habits(), Preferences(), now=one.now)
        assert report is not None
        assert report.prospect is not None
        levels[caches] = report.prospect.level
    growth, output = report.prospect.estimate.growth, report.prospect.estimate.output
    assert report.prospect.next_call == pytest.approx((90_000 + growth) * 5_000 + output * 25_000, abs=1)
    assert report.prospect.pings is None
    assert levels[False] < levels[True]


@pytest.mark.parametrize("quiet", [False, True])
def test_the_context_report_goes_by_the_advisors_level(desk: Desk, quiet: bool) -> None:
    desk.settings.write_text(f"[nudges]\nquiet = {str(quiet).lower()}\n")
    for number in range(4):
        compacted(desk, number, 50_000)
    one = desk.transcript(start_ms=START_MS + 8 * DAY_MS)
    one.prompt("Add averages").tool_turns([30_000, 60_000])
    desk.take_in()
    habits = measure_habits(desk.db, "claude-code", one.now)
    desk.advise(one.now)
    [session] = find_session(desk.db, one.session, one.now)
    report = context_report(desk.db, session.id, habits, PreferenceReader().read(), now=one.now)
    assert report is not None
    assert report.prospect is not None
    assert round(report.prospect.level) == desk.advice(one)["compact_at_tokens"]
    assert report.prospect.trigger == 130_000


@pytest.mark.parametrize(
    ("kind", "idle_ms"), [("compact", 0), ("new_session", 0), ("cold_resume", TTL_5M_MS + DEFAULTS.expiry_grace_ms)]
)
def test_the_context_report_has_the_very_saving_that_a_nudge_names(desk: Desk, kind: str, idle_ms: int) -> None:
    for number in range(4):
        compacted(desk, number, 50_000)
    one = desk.transcript(start_ms=START_MS + 8 * DAY_MS)
    one.prompt("Add averages").tool_turns([30_000, 120_000, 121_000])
    desk.take_in()
    habits = measure_habits(desk.db, "claude-code", one.now)
    desk.advise(one.now)
    [session] = find_session(desk.db, one.session, one.now)
    report = context_report(desk.db, session.id, habits, Preferences(), now=one.now + idle_ms)
    assert report is not None
    assert report.prospect is not None
    assert report.is_cold is (kind == "cold_resume")
    nudge = desk.log(kind)[-1]
    options = report.prospect.options
    option = options.new_session if kind == "new_session" else options.compact
    assert (nudge["saving"], nudge["payback_turns"]) == (option.saving.point_nano, option.payback_turns)
    assert f"{json.loads(nudge['inputs'])['calls']:.0f}" == f"{options.calls}"


@pytest.mark.parametrize(
    ("size", "turns", "words"),
    [
        (60_000, None, "the likely rest of the session"),
        (60_000, 1, "the next 1 turn"),
        (60_000, 3, "the next 3 turns"),
        (160_000, None, "the likely rest of the session"),
        (160_000, 3, "until compaction"),
    ],
)
def test_the_context_report_says_how_far_it_looks(desk: Desk, size: int, turns: int | None, words: str) -> None:
    one = desk.transcript()
    one.prompt("Add totals to the report").tool_turns(list(range(20_000, size + 1, 2_000)))
    desk.take_in()
    [session] = find_session(desk.db, one.session, one.now)
    report = context_report(desk.db, session.id, Habits(), Preferences(), turns=turns, now=one.now)
    assert report is not None
    assert report.prospect is not None
    assert horizon(report.prospect) == words
    found = report.as_json()["prospect"]
    assert (found["turns"], found["until_auto_compaction"]) == (turns, size == 160_000)
    assert found["calls"] <= found["calls_to_auto_compaction"]


def test_on_a_cold_cache_the_next_call_writes_again(desk: Desk) -> None:
    """192,000 tokens of which 60 % of the first prompt stay readable, at $10 written and $0.50 read a million."""
    one = desk.transcript(one_hour=True)
    one.prompt("Add totals to the report").tool_turns([20_000, 192_000])
    desk.take_in()
    [session] = find_session(desk.db, one.session, one.now)
    warm, cold = (
        context_report(desk.db, session.id, Habits(), Preferences(), now=one.now + later).prospect
        for later in (0, 2 * HOUR_MS)
    )
    penalty = round((192_000 - 0.6 * 20_000) * (10_000 - 500))
    assert warm.cold_penalty == cold.cold_penalty == penalty == 1_710_000_000
    assert cold.next_call - warm.next_call == penalty
    assert cold.options.go_on.one_off_nano == penalty


def test_after_a_compaction_the_context_report_waits_for_the_next_call(desk: Desk) -> None:
    one = desk.transcript()
    one.prompt("Add averages").tool_turns([30_000, 120_000]).compact(120_000, 8_000)
    desk.take_in()
    [session] = find_session(desk.db, one.session, one.now)
    cut = context_report(desk.db, session.id, Habits(), Preferences(), now=one.now)
    assert cut is not None
    assert (cut.prospect, cut.size) == (None, "120k until it was cut")
    assert cut.why_no_forecast == "the context was cut; the next call shows its size"
    one.prompt("Go on").call(31_000)
    desk.take_in()
    after = context_report(desk.db, session.id, Habits(), Preferences(), now=one.now)
    assert after is not None
    assert after.prospect is not None
    assert (after.size, after.resets) == ("31.0k now", 1)
