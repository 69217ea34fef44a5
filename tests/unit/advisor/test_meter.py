"""From a plan's own meter to the sentence: what a read weighs there decides what may be said, and in which currency."""

import json
import re

import pytest

from store.reads.sessions import find_session
from store.samples import LimitReading, StatusSample, put_samples
from tests.unit.advisor.conftest import Desk
from tests.unit.advisor.transcripts import START_MS, STATIC_TOKENS, Transcript
from tracker.advisor.habits import cached_habits
from tracker.advisor.meter import read_meter
from tracker.advisor.preferences import Preferences
from tracker.model.advice.nudge import Meter
from tracker.model.defaults import HOUR_MS, TTL_1H_MS
from tracker.reports.context import context_report

WINDOW_MS = 5 * HOUR_MS
UNITS_PER_PERCENT = 0.05  # dollars of limit units for one percent of five hours


def work(desk: Desk, sessions: int = 24) -> int:
    """Sessions five hours apart, whose calls differ in how much they read and how much is new; returns their end."""
    for number in range(sessions):
        one = desk.transcript(start_ms=START_MS + number * WINDOW_MS, on_plan=True, one_hour=True)
        context = 20_000
        for turn in range(6):
            context += (1_000, 60_000, 500)[(number + turn) % 3]
            output = (300, 4_000)[(number + turn) % 2]
            one.wait(120).prompt(f"also part {turn}")
            one.tool_turns([context, context + 200, context + 400, context + 600], output=output)
            context += 600
    desk.take_in()
    return one.now


def read_off(desk: Desk, read_weight: float, *, in_dollars: bool = False) -> None:
    """Readings after each call of a meter on which a read weighs so much, or one that counts dollars."""
    readings, used, window = [], 0.0, -1
    calls = desk.db.execute(
        "SELECT call.last_at, native_id, input + write_5m + write_1h, cache_read, output, cost"
        " FROM call JOIN session ON session.id = session_id ORDER BY call.last_at"
    )
    for at, session, fresh, read, output, cost in calls.fetchall():
        number = (at - START_MS) // WINDOW_MS
        used, window = (used, window) if number == window else (0.0, number)
        units = (fresh * 5 + output * 25 + read_weight * read * 0.50) / 1e6
        used += (cost / 1e9 if in_dollars else units) / UNITS_PER_PERCENT
        resets_at = START_MS + (number + 1) * WINDOW_MS
        readings.append(
            StatusSample(session, at + 500, None, None, [LimitReading("five_hour", round(used), resets_at)])
        )
    put_samples(desk.db, readings)


def session_after(desk: Desk, end: int, context: int = 500_000) -> Transcript:
    """Let the advisor measure, then a new session of so many tokens; nothing is said about habits."""
    desk.settings.write_text('[nudges]\nkinds = ["compact", "cold_resume", "miss_storm"]\n')
    desk.transcript(start_ms=end + 1_000, on_plan=True, one_hour=True).prompt("hello").call(20_000)
    desk.advise(end + 20_000)
    assert desk.advisor.work_while_idle(desk.db, end + 20_000)
    one = desk.transcript(start_ms=end + 60_000, on_plan=True, one_hour=True, model="claude-opus-5-5")
    return one.prompt("Add totals to the report").tool_turns([60_000, 220_000, context])


def test_the_meter_tells_what_a_read_weighs(desk: Desk) -> None:
    end = work(desk)
    assert read_meter(desk.db, end) is None, "no reading, no currency"
    read_off(desk, 0.4)
    meter = read_meter(desk.db, end)
    assert meter is not None
    assert (meter.window, meter.counts_dollars) == ("5-hour window", False)
    assert meter.read_weight == pytest.approx(0.4, abs=0.08)
    assert meter.nano_per_percent == pytest.approx(UNITS_PER_PERCENT * 1e9, rel=0.1)


def test_a_calibrated_plan_hears_of_compacting_in_its_own_percent(desk: Desk) -> None:
    end = work(desk)
    read_off(desk, 0.4)
    one = session_after(desk, end)
    [told] = desk.advise(one.now)
    assert told.kind == "compact"
    figures = re.search(
        r": saves ~([\d.]+)% of the 5-hour window \(-?[\d.]+% to [\d.]+%\), back in \d+ turns?$", told.text
    )
    assert figures, told.text
    assert "$" not in told.text
    row = desk.log("compact")[-1]
    assert float(figures[1]) == pytest.approx(row["saving"] / (UNITS_PER_PERCENT * 1e9), rel=0.15)
    habits, _ = cached_habits(desk.db, "claude-code", one.now)
    [session] = find_session(desk.db, one.session, one.now)
    report = context_report(desk.db, session.id, habits, Preferences(), now=one.now)
    assert report is not None
    assert report.prospect is not None
    assert round(report.prospect.level) == desk.advice(one)["compact_at_tokens"]


def test_where_reads_weigh_nothing_compacting_is_not_spoken_of(desk: Desk) -> None:
    end = work(desk)
    read_off(desk, 0.0)
    one = session_after(desk, end, 900_000)
    assert [told.kind for told in desk.advise(one.now)] == []
    row = desk.log("compact")[-1]
    assert (row["fired"], json.loads(row["inputs"])["level"]) == (0, 967_000), "not before the client compacts"
    for number in range(4):
        one.prompt("next").call(901_000 + 1_000 * number, read=STATIC_TOKENS)
    [told] = desk.advise(one.now)
    assert told.kind == "miss_storm", "waste is waste on any plan"
    assert re.search(r"saves ~[\d.]+% of the 5-hour window", told.text)


def test_a_meter_that_counts_dollars_is_read_in_dollars(desk: Desk) -> None:
    end = work(desk)
    read_off(desk, 1.0, in_dollars=True)
    meter = read_meter(desk.db, end)
    assert meter is not None
    assert meter == Meter(1.0, meter.nano_per_percent, "5-hour window", counts_dollars=True)
    assert meter.nano_per_percent == pytest.approx(UNITS_PER_PERCENT * 1e9, rel=0.1)
    one = session_after(desk, end)
    [told] = desk.advise(one.now)
    assert "% of the 5-hour window (" in told.text
    assert desk.log("compact")[-1]["inputs"].count('"write_nano":8000.0') == 1, "an hour's writes at their own price"


def test_too_few_steps_leave_only_waste_and_plan_usage(desk: Desk) -> None:
    end = work(desk, sessions=1)
    read_off(desk, 0.4)
    assert read_meter(desk.db, end) is None
    one = session_after(desk, end)
    assert desk.advise(one.now) == []
    text = desk.files.show(one.session, "SessionStart", one.now + TTL_1H_MS + 10_000)
    assert text is not None
    assert "saves plan usage" in text
