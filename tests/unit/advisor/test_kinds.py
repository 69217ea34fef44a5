"""One way from transcript to sentence for each kind of nudge (MODEL sections 7.2 to 7.5)."""

import json
from typing import Any

import pytest

from store.nudges import dismiss_nudge
from tests.unit.advisor.conftest import Desk, only
from tests.unit.advisor.topics import UNRELATED, totals_committed
from tests.unit.advisor.transcripts import START_MS, STATIC_TOKENS, Transcript
from tracker.advisor.advisor import DueNudge
from tracker.advisor.preferences import Preferences
from tracker.model.advice.nudge import LONGEST_TEXT
from tracker.model.defaults import MINUTE_MS, TTL_5M_MS
from tracker.reports.context import open_nudge

HOUR_MS = 60 * MINUTE_MS


def said(desk: Desk, transcript: Transcript, event: str, now: int) -> str:
    """What the client's user reads at this event."""
    text = desk.files.show(transcript.session, event, now)
    assert text is not None
    assert len(text) <= LONGEST_TEXT
    return text


def history(
    desk: Desk, sessions: int, *, pause_minutes: float = 1.0, baseline: int = 30_000, growth: int = 2_000
) -> int:
    """Earlier sessions of the days before; returns a time two days after the last of them."""
    start = 1_795_000_000_000
    for _ in range(sessions):
        one = desk.transcript(start_ms=start)
        for turn in range(10):
            context = baseline + growth * turn
            one.wait(60 * pause_minutes)
            one.prompt(f"part {turn} of the work").call(context, cold=pause_minutes > 5 and turn > 0)
        start = one.now + HOUR_MS
    desk.take_in()
    return start + 48 * HOUR_MS


def with_habits(desk: Desk, now: int) -> None:
    """Let the advisor measure what lies before `now`."""
    one = desk.transcript(start_ms=now - 13 * HOUR_MS)
    one.prompt("hello").call(30_000)
    desk.advise(one.now)
    while desk.advisor.work_while_idle(desk.db, now):
        pass


def fate(desk: Desk, kind: str) -> int | None:
    """Whether the nudge of a kind that was shown last was followed."""
    followed: int | None = [row for row in desk.log(kind) if row["shown_at"]][-1]["followed"]
    return followed


def new_topic(desk: Desk) -> tuple[Transcript, list[DueNudge]]:
    """The same session at a prompt about something else, and what the dashboard says there."""
    one = totals_committed(desk)
    one.prompt(UNRELATED)
    told = desk.advise(one.now)
    desk.advisor.note_shown(desk.db, told, one.now)
    return one, told


def answered(one: Transcript) -> Transcript:
    """The turn after that prompt, up to its end."""
    one.call(120_000, ("Read", {"file_path": "/home/dev/infra/backup.tf"})).results("x" * 400)
    return one.call(125_000, text="Here is the plan.")


def test_new_session_at_a_prompt_about_something_else_names_the_handover(desk: Desk) -> None:
    one, [told] = new_topic(desk)
    assert told.kind == "new_session"
    assert told.text.startswith("New task? Start over with `taximeter handover`: saves ~$")
    assert ", back in " in told.text
    assert len(told.text) <= LONGEST_TEXT
    assert desk.nudge(one)["events"] == [], "no hook runs between a prompt and its answer"
    assert desk.nudge(one)["expires_at"] == one.now + MINUTE_MS, "the status line may hear of the answer late"
    nudge = open_nudge(desk.db, 1, Preferences(), one.now)
    assert nudge is not None
    assert (nudge.kind, nudge.moment) == ("new_session", "prompt")


def test_once_its_prompt_is_answered_new_work_is_not_sent_elsewhere(desk: Desk) -> None:
    """The next prompt goes on with it: of 46 published ones 42 did."""
    one = totals_committed(desk).prompt(UNRELATED)
    desk.advise(one.now)
    told = desk.advise(answered(one).now)
    assert [each.kind for each in told] == ["compact"]
    assert [row["reason"] for row in desk.log("new_session") if row["moment"] == "turn_end"][-1] == "the task goes on"


def test_a_new_session_for_what_comes_after_a_commit(desk: Desk) -> None:
    one = totals_committed(desk)
    assert said(desk, one, "Stop", one.now).startswith("New task? Start over with `taximeter handover`: saves ~$")


def test_no_hook_shows_a_nudge_that_was_dismissed_in_the_dashboard(desk: Desk) -> None:
    """No record of the session changes with that."""
    one = totals_committed(desk)
    nudge = open_nudge(desk.db, 1, Preferences(), one.now)
    assert nudge is not None
    dismiss_nudge(desk.db, nudge.id, one.now)
    desk.advise(one.now)
    assert desk.advice(one)["nudge"] is not None, "what a resume with a cold cache would be told"
    assert [desk.files.show(one.session, event, one.now) for event in ("Stop", "UserPromptSubmit")] == [None, None]


def test_after_a_new_session_nudge_no_compact_nudge_follows_within_a_few_calls(desk: Desk) -> None:
    one, _ = new_topic(desk)
    assert desk.advise(answered(one).now) == []
    assert open_nudge(desk.db, 1, Preferences(), one.now) is None, "nor does Now speak of it any more"
    assert desk.advise(one.prompt("and then").call(126_000).now) == []
    assert desk.log("compact")[-1]["reason"] == "too soon after the last nudge or compaction"


@pytest.mark.parametrize("kind", ["compact", "new_session"])
@pytest.mark.parametrize("is_noted", [False, True])
def test_after_a_clear_now_has_no_nudge_about_what_was_cleared(desk: Desk, kind: str, *, is_noted: bool) -> None:
    only(desk, kind)
    one = totals_committed(desk).prompt("go on").call(110_000)
    desk.advise(one.now)
    nudge = open_nudge(desk.db, 1, Preferences(), one.now)
    assert nudge is not None
    assert nudge.kind == kind
    if is_noted:
        said(desk, one, "Stop", one.now)
    desk.advise(one.prompt("<command-name>/clear</command-name>").now)
    assert desk.advice(one)["nudge"] is None
    assert open_nudge(desk.db, 1, Preferences(), one.now) is None


@pytest.mark.parametrize(
    ("began", "followed"),
    [
        ({}, 1),
        ({"project": "/home/dev/other"}, 0),
        ({"entrypoint": "sdk-cli"}, 0),
        ({"teammate": "tester"}, 0),
        ({"start_ms": START_MS - HOUR_MS}, 0),
        (None, 0),
    ],
)
def test_a_session_that_the_user_begins_in_the_project_is_starting_over(
    desk: Desk, began: dict[str, Any] | None, followed: int
) -> None:
    one, _ = new_topic(desk)
    if began is not None:
        desk.transcript(**{"start_ms": one.now} | began).prompt(UNRELATED).call(30_000)
    for number in range(4):
        one.wait(60).prompt("and then").call(101_000 + number)
        desk.advise(one.now)
        assert fate(desk, "new_session") == (followed or (0 if number == 3 else None)), "three calls do not tell yet"


@pytest.mark.parametrize(
    ("kind", "done", "followed"),
    [
        ("new_session", "clear", 1),
        ("new_session", "compact", 0),
        ("compact", "clear", 0),
        ("compact", "begin", 0),
        ("compact", "compact", 1),
    ],
)
def test_a_clear_is_starting_over_and_a_compaction_is_not(desk: Desk, kind: str, done: str, followed: int) -> None:
    only(desk, kind)
    one, told = new_topic(desk)
    if not told:
        desk.advise(answered(one).now)
        said(desk, one, "Stop", one.now)
    one.wait(60)
    if done == "clear":
        one.prompt("<command-name>/clear</command-name>")
    elif done == "compact":
        one.compact(125_000, 40_000)
    else:
        desk.transcript(start_ms=one.now).prompt("Hello").call(30_000)
    for number in range(4):
        one.prompt("and then").call(50_000 + number, read=15_000)
    desk.advise(one.now)
    assert fate(desk, kind) == followed


def test_a_prompt_that_was_stopped_before_its_answer_is_not_looked_at(desk: Desk) -> None:
    one = totals_committed(desk)
    one.prompt(UNRELATED).interrupt()
    assert desk.advise(one.now) == []
    assert [row["moment"] for row in desk.log("new_session")] == ["turn_end"]


def test_cold_resume_waits_for_the_cache_and_speaks_on_resume(desk: Desk) -> None:
    one = desk.transcript(model="claude-opus-5-5")
    one.prompt("Add totals to the report").tool_turns([60_000, 160_000, 250_000])
    desk.advise(one.now)
    cold_at = one.now + TTL_5M_MS + 10_000
    pending = [nudge for nudge in desk.advice(one)["pending"] if nudge["kind"] == "cold_resume"]
    assert [nudge["not_before"] for nudge in pending] == [cold_at]
    desk.files.show(one.session, "Stop", one.now)
    assert desk.files.show(one.session, "SessionStart", cold_at - 1) is None
    assert desk.advisor.refresh(desk.db, cold_at) == [], "a watcher does not speak for a session nobody came back to"
    text = said(desk, one, "SessionStart", cold_at)
    assert text.startswith("Compact before going on (the cache is cold, 222k to write again): saves ~$")
    assert desk.files.show(one.session, "UserPromptSubmit", cold_at) is None


def test_a_compact_nudge_on_resume_is_not_repeated_at_the_turns_end(desk: Desk) -> None:
    only(desk, "cold_resume")
    one = desk.transcript(model="claude-opus-5-5")
    one.prompt("Add totals to the report").tool_turns([60_000, 160_000, 250_000])
    desk.advise(one.now)
    said(desk, one, "SessionStart", one.now + TTL_5M_MS + 10_000)
    desk.advise(one.wait(600).prompt("and averages").call(255_000, cold=True).now)
    assert desk.log("compact")[-1]["reason"] == "too soon after the last nudge or compaction"


def test_a_cache_that_stayed_warm_leaves_nothing_in_the_log(desk: Desk) -> None:
    one = desk.transcript(model="claude-opus-5-5")
    one.prompt("Add totals to the report").tool_turns([60_000, 120_000, 155_000])
    desk.advise(one.now)
    assert len(desk.log("cold_resume")) == 1
    one.prompt("and averages").call(156_000)
    desk.advise(one.now)
    assert [row["anchor"] for row in desk.log("cold_resume")] == [f"msg_0004{one.session.replace('-', '')[:16]}"]
    one.wait(600).prompt("and medians").call(157_000, cold=True)
    desk.advise(one.now)
    assert len(desk.log("cold_resume")) == 2, "the pause did make the cache cold: that evaluation stays"


def test_where_nothing_is_written_to_a_cache_no_pause_is_spoken_of(desk: Desk) -> None:
    one = desk.transcript().prompt("Add totals to the report")
    for context in (60_000, 120_000, 155_000):
        one.call(context, read=context)
    assert [told.kind for told in desk.advise(one.now)] == ["compact"]
    assert desk.nudge(one)["expires_at"] == one.now + 12 * HOUR_MS
    assert [*desk.log("cold_resume"), *desk.log("before_expiry"), *desk.log("answer_now")] == []


def test_before_expiry_wants_a_dismissed_compact_nudge(desk: Desk) -> None:
    from store.nudges import dismiss

    desk.settings.write_text('[nudges]\nkinds = ["compact", "before_expiry"]\n')
    one = desk.transcript(model="claude-opus-5-5")
    one.prompt("Add totals to the report").tool_turns([60_000, 200_000, 450_000])
    desk.advise(one.now)
    assert said(desk, one, "Stop", one.now).startswith("Compact now if you go on, 450k of context")
    desk.advise(one.now)
    assert desk.log("before_expiry")[-1]["reason"] == "the compact nudge was not dismissed in this epoch"
    dismiss(desk.db, None, one.now)
    one.prompt("thanks, and averages").call(451_000)
    desk.advise(one.now)
    warn_at = one.now + round(0.85 * TTL_5M_MS)
    assert desk.advisor.refresh(desk.db, warn_at - 1) == []
    [told] = desk.advisor.refresh(desk.db, warn_at)
    assert told.kind == "before_expiry"
    assert told.text.startswith("Compact before the cache goes cold (you return 10% of the time): saves ~$")
    assert len(told.text) <= LONGEST_TEXT
    assert desk.files.show(one.session, "UserPromptSubmit", warn_at) is None, "no hook speaks during a pause"
    assert desk.advisor.refresh(desk.db, warn_at + 1) == [], "once"


def test_answer_now_while_the_user_is_there(desk: Desk) -> None:
    only(desk, "answer_now")
    one = desk.transcript()
    one.prompt("Add totals to the report").tool_turns([100_000, 130_000])
    one.prompt("fine?").call(131_000)
    desk.advise(one.now)
    [told] = desk.advisor.refresh(desk.db, one.now + round(0.9 * TTL_5M_MS))
    assert told.kind == "answer_now"
    assert told.text.startswith("Answer before the cache goes cold: saves ~$")


def test_pauses_are_not_spoken_about_unless_asked_for(desk: Desk) -> None:
    one = desk.transcript()
    one.prompt("Add totals to the report").tool_turns([100_000, 130_000])
    desk.advise(one.now)
    assert desk.advisor.refresh(desk.db, one.now + round(0.9 * TTL_5M_MS)) == []
    assert {row["reason"] for kind in ("before_expiry", "answer_now") for row in desk.log(kind)} == {"off by default"}


def test_large_result_is_measured_by_what_the_context_grew(desk: Desk) -> None:
    one = desk.transcript()
    one.prompt("Why does the build fail?").call(30_000, ("Bash", {"command": "npm run build --verbose"}))
    one.results("log line\n" * 20_000).call(62_000)
    [told] = desk.advise(one.now)
    assert told.kind == "large_result"
    assert told.text.startswith("Shorten what `npm run` prints (32k): saves ~$")
    assert len(told.text) <= LONGEST_TEXT
    desk.files.show(one.session, "Stop", one.now)
    one.prompt("again").call(62_500, ("Bash", {"command": "npm run build"})).results("log line\n" * 20_000).call(80_000)
    desk.advise(one.now)
    assert desk.log("large_result")[-1]["reason"] == "shown for this within a day"


def test_growth_that_no_tool_explains_is_no_large_result(desk: Desk) -> None:
    one = desk.transcript()
    one.prompt("Hello").call(30_000, ("Bash", {"command": "ls"})).results("a b c").call(62_000)
    assert desk.advise(one.now) == []
    assert json.loads(desk.log("large_result")[0]["inputs"])["result_tokens"] < 20


def test_storms_end_by_themselves_and_are_not_spoken_of_unasked(desk: Desk) -> None:
    one = desk.transcript()
    one.prompt("Hello").call(60_000)
    for number in range(4):
        one.prompt("next").call(61_000 + 1_000 * number, read=STATIC_TOKENS)
    assert "miss_storm" not in {each.kind for each in desk.advise(one.now)}
    [logged] = desk.log("miss_storm")
    assert (logged["fired"], json.loads(logged["inputs"])["misses"]) == (True, 4)


def test_miss_storm_names_the_cause_once(desk: Desk) -> None:
    only(desk, "miss_storm")
    one = desk.transcript()
    one.prompt("Hello").call(60_000)
    for number in range(4):
        one.prompt("next").call(61_000 + 1_000 * number, read=STATIC_TOKENS)
    told = desk.advise(one.now)
    assert [each.kind for each in told] == ["miss_storm"]
    assert told[0].text.startswith("Stop what breaks the cache: 4 misses in 5 calls (")
    desk.files.show(one.session, "Stop", one.now)
    one.prompt("next").call(66_000)
    assert desk.advise(one.now) == []
    assert desk.log("miss_storm")[-1]["reason"] == "these misses were named"


def test_ttl_after_many_pauses_of_a_quarter_hour(desk: Desk) -> None:
    now = history(desk, 6, pause_minutes=15, baseline=90_000)
    with_habits(desk, now)
    only(desk, "ttl")
    one = desk.transcript(start_ms=now)
    one.prompt("Good morning").call(30_000)
    [told] = desk.advise(one.now)
    assert told.text.startswith("Set the cache lifetime to 1 h: ")
    assert "% of recent spend, saves ~$" in told.text
    desk.files.show(one.session, "Stop", one.now)
    two = desk.transcript(start_ms=one.now + HOUR_MS)
    two.prompt("Something else").call(30_000)
    assert desk.advise(two.now) == []
    assert desk.log("ttl")[-1]["reason"] == "shown within a week"


def test_routing_when_light_turns_cost_much(desk: Desk) -> None:
    now = history(desk, 6)
    with_habits(desk, now)
    only(desk, "routing")
    one = desk.transcript(start_ms=now)
    one.prompt("Good morning").call(30_000)
    [told] = desk.advise(one.now)
    assert told.text == "Start questions and small jobs on a smaller model: 100% of spend went to light turns"
    one.prompt("Go on").call(31_000)
    assert desk.advise(one.now) == [], "only when a session begins"


def test_baseline_when_the_first_prompt_makes_up_much_of_the_spend(desk: Desk) -> None:
    now = history(desk, 6, baseline=45_000, growth=200)
    with_habits(desk, now)
    only(desk, "baseline")
    one = desk.transcript(start_ms=now)
    one.prompt("Good morning").call(45_000)
    [told] = desk.advise(one.now)
    assert told.text.startswith("Trim the first prompt (45k, ")
    assert " of spend): 10k less saves ~$" in told.text
    assert told.text.endswith(" a month, pays at once")


def test_habits_of_fewer_than_three_sessions_say_nothing(desk: Desk) -> None:
    one = desk.transcript()
    one.prompt("Good morning").call(30_000)
    desk.advise(one.now)
    assert [desk.log(kind) for kind in ("ttl", "routing", "baseline")] == [[], [], []]
