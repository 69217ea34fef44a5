"""Recorded sessions as the backtest replays them: what was billed, what was known, and what would have been said."""

import math
import sqlite3
from pathlib import Path

import pytest

from store.prices import stored_prices
from store.tasks import floors
from tests.unit.advisor.conftest import Desk
from tests.unit.advisor.topics import UNRELATED, totals_committed
from tests.unit.advisor.transcripts import Transcript
from tracker.advisor.hindsight import ReplayedNudge, replayed_nudges
from tracker.advisor.preferences import Preferences
from tracker.advisor.replay import RecordedCompaction, RecordedStretch, WeeklyHabits, recorded_session
from tracker.model.advice.backtest import never, run
from tracker.model.cost.rates import Rates
from tracker.model.defaults import DAY_MS, MINUTE_MS
from tracker.reports.backtest import backtest_report

DATA = Path(__file__).parents[2] / "data"


def recorded(db: sqlite3.Connection) -> list[RecordedStretch]:
    """Every session of the ledger, ready to be replayed."""
    rates = {price.id: Rates.from_price(price) for price in stored_prices(db)}
    weekly = WeeklyHabits(db, floors(db))
    ids = [row[0] for row in db.execute("SELECT id FROM session ORDER BY first_at")]
    return [one for session_id in ids for one in recorded_session(db, session_id, weekly, rates)]


def billed(one: RecordedStretch) -> int:
    return sum(call.cost or 0 for call in one.calls)


def without_compaction(one: RecordedStretch) -> float:
    return run(one.replay, never(one.replay), trigger=10**9).cost_nano


def grown(desk: Desk) -> Transcript:
    """Three turns up to 150k, the last one after a pause that made the cache cold."""
    one = desk.transcript()
    one.prompt("Add totals to the report").tool_turns([40_000, 60_000, 80_000])
    one.prompt("also averages").tool_turns([100_000, 120_000])
    one.wait(600).prompt("also medians").call(121_000, ("Bash", {"command": "ls"}), cold=True).results("ok")
    return one.call(150_000)


def test_a_session_in_which_nobody_compacts_costs_what_was_billed(desk: Desk) -> None:
    grown(desk)
    desk.take_in()
    [one] = recorded(desk.db)
    assert without_compaction(one) == pytest.approx(billed(one), abs=1)
    assert list(one.assessments) == [2, 4, 6]
    assert [call.at_turn_end for call in one.replay.calls] == [False, False, True, False, True, False, True]
    levels = [each.level for each in one.assessments.values()]
    assert [one.replay.calls[place].level for place in one.assessments] == levels
    assert (one.replay.trigger, one.replay.client_trigger, one.replay.window) == (167_000, 167_000, 200_000)


def test_the_cold_call_by_hand(desk: Desk) -> None:
    """15k of 120k are still read; 105k are written at 6.25 instead of read at 0.50 a million tokens."""
    grown(desk)
    desk.take_in()
    [one] = recorded(desk.db)
    cold = one.replay.calls[5]
    assert (cold.prefix_tokens, cold.growth) == (120_000, 1_000)
    assert (cold.warm_tokens, cold.read_nano, cold.cold_nano) == (15_000, 500.0, 6_250 - 500)
    assert cold.own_nano == 1_000 * 6_250 + 500 * 25_000
    warm = one.replay.calls[6]
    assert (warm.prefix_tokens, warm.warm_tokens, warm.own_nano) == (121_000, math.inf, 29_000 * 6_250 + 500 * 25_000)


def test_where_nothing_is_cached_what_is_sent_again_is_input(desk: Desk) -> None:
    """At claude-opus-4-5's $5 a million tokens, not at the $0.50 of a cache read."""
    transcript = desk.transcript(caches=False)
    transcript.prompt("Add totals to the report").tool_turns([40_000, 100_000])
    transcript.prompt("also averages").call(101_000)
    desk.take_in()
    [one] = recorded(desk.db)
    assert without_compaction(one) == pytest.approx(billed(one), abs=1)
    last = one.replay.calls[2]
    assert (last.prefix_tokens, last.read_nano, last.warm_tokens) == (100_000, 5_000.0, math.inf)
    assert last.own_nano == 1_000 * 5_000 + 500 * 25_000


def test_a_recorded_compaction_is_undone_and_shows_the_clients_trigger(desk: Desk) -> None:
    one = desk.transcript()
    one.prompt("Add totals to the report").tool_turns([40_000, 100_000, 140_000])
    one.compact(140_000, 45_000, trigger="auto")
    one.prompt("go on").tool_turns([50_000, 60_000])
    desk.take_in()
    [found] = recorded(desk.db)
    assert found.compactions == [RecordedCompaction(2, 140_000, 50_000, by_itself=True)]
    assert found.replay.trigger == 140_000
    after, later = found.replay.calls[3:]
    assert (after.growth, after.prefix_tokens, after.own_nano) == (0, 50_000, 500 * 25_000)
    assert (later.growth, later.prefix_tokens) == (10_000, 50_000)
    # 140k are read instead of 15k and 35k written; then 140k instead of 50k.
    expected = billed(found) + (140_000 - 15_000) * 500 - 35_000 * 6_250 + (140_000 - 50_000) * 500
    assert without_compaction(found) == pytest.approx(expected, abs=1)


def test_only_earlier_weeks_are_known(desk: Desk) -> None:
    first = grown(desk)
    desk.take_in()
    [before] = recorded(desk.db)
    for day in (1, 2, 20, 21):
        late = desk.transcript(start_ms=first.now + day * DAY_MS)
        late.prompt("something large").tool_turns([90_000, 120_000, 165_000])
    desk.take_in()
    sessions = recorded(desk.db)
    assert [call.level for call in sessions[0].replay.calls] == [call.level for call in before.replay.calls]
    known = [one.assessments[2].habits.sessions for one in sessions]
    assert known == [0, 0, 0, 3, 3], "those of the weeks before, none of the same week"


def test_a_turns_end_knows_nothing_of_what_came_later(desk: Desk) -> None:
    one = desk.transcript()
    for status in ("pending", "in_progress", "completed"):
        todos = ("TodoWrite", {"todos": [{"content": "totals", "status": status}]})
        one.prompt("go on").call(30_000, todos).results("ok").call(31_000)
    one.compact(31_000, 20_000).prompt("go on").call(22_000, read=15_000)
    desk.take_in()
    [found] = recorded(desk.db)
    states = [assessment.state for assessment in found.assessments.values()]
    assert [len(state.calls) for state in states] == [2, 4, 6, 7]
    assert [state.turns for state in states] == [1, 2, 2, 2]
    assert [len(state.turn_tools) for state in states] == [1, 1, 1, 0]
    assert [state.has_plan_in_progress() for state in states] == [False, True, False, False]
    assert [found.replay.calls[place].plan_in_progress for place in found.assessments] == [False, True, False, False]
    grown = [1_000, -1_000, 1_000, -1_000, 1_000]
    assert [state.increments() for state in states] == [grown[:1], grown[:3], grown, []], "each epoch begins anew"
    assert [state.calls_since_compaction() for state in states] == [None, None, None, 1]
    assert found.compactions == [RecordedCompaction(5, 31_000, 22_000, by_itself=False)]


def test_a_clear_begins_another_stretch(desk: Desk) -> None:
    one = desk.transcript().prompt("Add totals").tool_turns([30_000, 40_000])
    one.prompt("<command-name>/clear</command-name>").prompt("Add averages").tool_turns([25_000, 27_000, 29_000])
    desk.take_in()
    found = recorded(desk.db)
    assert [[call.context for call in each.calls] for each in found] == [[30_000, 40_000], [25_000, 27_000, 29_000]]
    assert [list(each.assessments) for each in found] == [[1], [2]]
    assert [len(each.replay.calls) for each in found] == [2, 3]


def spoken(desk: Desk, transcript: Transcript, said: list[str]) -> None:
    """What the live advisor says at a turn's end and is shown."""
    desk.advise(transcript.now)
    text = desk.files.show(transcript.session, "Stop", transcript.now)
    if text is not None:
        said.append(text)


def test_the_backtest_says_what_the_live_advisor_said(desk: Desk) -> None:
    """The same code decides: each sentence said while the session ran is in the replay of its records, and no other."""
    live: list[str] = []
    one = desk.transcript()
    build = ("Bash", {"command": "npm run build"})
    one.prompt("Why does the build fail?").call(30_000, build).results("log line\n" * 20_000).call(62_000)
    spoken(desk, one, live)
    one.wait(70 * 60)
    for context in (80_000, 110_000, 112_000):
        one.prompt("also go on with that").tool_turns([context, context + 2_000])
        spoken(desk, one, live)
    for number in range(14):
        one.call(115_000 + number, ("Bash", {"command": "ls"})).results("ok")
    one.call(120_000)
    spoken(desk, one, live)
    one.wait(20 * 60).prompt("now the next part").call(122_000, cold=True)
    resumed = desk.files.show(one.session, "UserPromptSubmit", one.now - 8_000)
    assert resumed is not None
    live.append(resumed)
    spoken(desk, one, live)
    said = replayed_nudges(recorded(desk.db), Preferences())
    assert [each.row.text for each in said] == live
    assert [each.row.kind for each in said] == ["large_result", "compact", "compact", "cold_resume"]


def said_of(desk: Desk, kind: str) -> list[ReplayedNudge]:
    """What would have been said with only this kind allowed to speak."""
    desk.take_in()
    return replayed_nudges(recorded(desk.db), Preferences(enabled=frozenset({kind})))


def test_what_a_large_result_came_to_by_hand(desk: Desk) -> None:
    """32k tokens at most as many as it has characters: written once, read by the four calls after it."""
    one = desk.transcript()
    one.prompt("Why does the build fail?").call(30_000, ("Bash", {"command": "npm run build"}))
    one.results("log line\n" * 20_000).call(62_000)
    for number in range(4):
        one.prompt("and?").call(62_500 + number)
    [said] = said_of(desk, "large_result")
    assert (said.row.kind, said.saved_nano) == ("large_result", 31_500 * (6_250 + 4 * 500))


def test_what_a_new_session_would_have_saved(desk: Desk) -> None:
    one = totals_committed(desk)
    one.prompt(UNRELATED).call(120_000, ("Read", {"file_path": "/home/dev/infra/backup.tf"})).results("x" * 400)
    one.call(125_000, text="Here is the plan.")
    for number in range(40):
        one.prompt("also go on").call(125_500 + 100 * number)
    [said] = said_of(desk, "new_session")
    # Started over at the prompt: B 30k of which 18k stay warm, R_o 15k and the note, six calls; then 55k less in 42.
    one_off = 5_750 * (30_000 - 18_000) + 6_250 * 15_500 + 6 * (500 * 45_000 + 600 * 25_000)
    assert said.saved_nano == 42 * 55_000 * 500 - one_off


def test_what_a_storm_lost_afterwards(desk: Desk) -> None:
    one = desk.transcript()
    one.prompt("Hello").call(60_000)
    for number in range(5):
        one.prompt("next").call(61_000 + 1_000 * number, read=15_000)
    [said] = said_of(desk, "miss_storm")
    # Said after the third loss; two more of 48k and 49k follow, each token at 5,750 above a read.
    assert said.saved_nano == (48_000 + 49_000) * 5_750


def test_sessions_that_cannot_be_replayed_are_counted(desk: Desk) -> None:
    grown(desk)
    unknown = desk.transcript(model="somebody-elses-model")
    unknown.prompt("Hello").call(30_000)
    desk.take_in()
    report = backtest_report(desk.db, Preferences())
    assert (report.result.sessions, report.left_out, report.calls) == (1, 1, 7)
    assert report.billed_nano == billed(recorded(desk.db)[0])


def test_captured_sessions_replay_to_their_bill(desk: Desk) -> None:
    """Every recorded fixture: replayed with nobody acting it costs what was billed, and nobody beats hindsight."""
    for folder in sorted((DATA / "claude_code").iterdir()):
        for path in folder.rglob("*.jsonl") if folder.is_dir() else ():
            target = desk.claude_dir / "projects" / folder.name / path.relative_to(folder).name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    desk.take_in()
    found = recorded(desk.db)
    assert len(found) > 10
    for one in found:
        if not one.compactions:
            assert without_compaction(one) == pytest.approx(billed(one), abs=len(one.calls))
    report = backtest_report(desk.db, Preferences())
    best = report.result.score("optimum").cost_nano
    assert all(best <= score.cost_nano for score in report.result.scores)


def test_a_pause_is_no_activity(desk: Desk) -> None:
    grown(desk)
    desk.take_in()
    [one] = recorded(desk.db)
    assert one.replay.active_ms < one.calls[-1].started_at - one.calls[0].started_at - 4 * MINUTE_MS
