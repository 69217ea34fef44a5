"""The compact nudge from transcript to sentence, and when it keeps silent (MODEL section 7.1)."""

import json
from typing import Any

import pytest

from tests.unit.advisor.conftest import Desk
from tests.unit.advisor.transcripts import Transcript
from tracker.model.advice.nudge import LONGEST_TEXT


def grow(transcript: Transcript, *, until: int, step: int = 4_000) -> Transcript:
    """Turns of four calls each, until the context is as large as wanted at a turn's end."""
    sizes = [*range(30_000, until, step), until]
    for first in range(0, len(sizes), 4):
        transcript.prompt("go on with the report").tool_turns(sizes[first : first + 4])
    return transcript


def todos(*states: str) -> tuple[str, dict[str, Any]]:
    """A to-do list as the agent writes it."""
    return "TodoWrite", {"todos": [{"content": f"step {number}", "status": one} for number, one in enumerate(states)]}


def test_the_sentence_names_action_saving_range_and_payback(desk: Desk) -> None:
    one = grow(desk.transcript(), until=120_000, step=2_000)
    [told] = desk.advise(one.now)
    assert (told.kind, told.session) == ("compact", one.session)
    assert told.text == "Compact now if you go on, 120k of context: saves ~$0.55 (-$0.27 to $2.50), back in 2 turns"
    assert len(told.text) <= LONGEST_TEXT
    assert desk.files.show(one.session, "Stop", one.now) == told.text
    assert desk.files.show(one.session, "UserPromptSubmit", one.now) is None, "said once"


def test_what_the_client_will_compact_soon_saves_less(desk: Desk) -> None:
    one = grow(desk.transcript(), until=120_000, step=8_000)
    [told] = desk.advise(one.now)
    assert told.text == "Compact now if you go on, 120k of context: saves ~$0.23 (-$0.27 to $2.21), back in 2 turns"


def test_below_the_level_the_evaluation_is_logged_but_not_shown(desk: Desk) -> None:
    one = grow(desk.transcript(), until=100_000)
    assert desk.advise(one.now) == []
    [row] = desk.log("compact")
    assert (row["fired"], row["chosen"], row["reason"]) == (0, 0, "below the level")
    inputs = json.loads(row["inputs"])
    assert inputs["context"] == 100_000
    assert inputs["level"] == pytest.approx(103_552, abs=1)
    assert desk.advice(one)["compact_at_tokens"] == 103_552


def test_the_status_line_has_the_level_and_the_costs(desk: Desk) -> None:
    one = grow(desk.transcript(), until=100_000)
    desk.advise(one.now)
    [(cost,)] = desk.db.execute("SELECT SUM(cost) FROM call").fetchall()
    advice = desk.advice(one)
    assert advice["task_cost_nano"] == cost
    assert desk.files.today["today_cost_nano"] == cost
    assert advice["api_equivalent"] is False
    assert not advice["task_is_floor"]
    assert not desk.files.today["today_is_floor"]


def test_the_status_line_says_where_a_cost_is_a_floor(desk: Desk) -> None:
    one = desk.transcript().prompt("go on").call(40_000, says_why=False, output=1)
    one.prompt("and on").call(42_000)
    desk.advise(one.now)
    assert desk.db.execute("SELECT SUM(floor) FROM task").fetchone()[0] > 0
    assert desk.advice(one)["task_is_floor"] is desk.files.today["today_is_floor"] is True


def test_what_another_session_spends_is_part_of_today_for_every_status_line(desk: Desk) -> None:
    one, other = grow(desk.transcript(), until=100_000), desk.transcript()
    desk.advise(one.now)
    before = desk.files.today["today_cost_nano"]
    other.prompt("Hello").call(20_000)
    desk.advise(one.now)
    [(cost,)] = desk.db.execute("SELECT SUM(cost) FROM call").fetchall()
    assert desk.files.today["today_cost_nano"] == cost > before


def test_a_shown_nudge_is_not_repeated_for_twelve_calls(desk: Desk) -> None:
    one = grow(desk.transcript(), until=120_000)
    desk.advise(one.now)
    desk.files.show(one.session, "Stop", one.now)
    for context in (121_000, 122_000, 123_000):
        one.prompt("and then").tool_turns([context] * 4)
        desk.advise(one.now)
        row = desk.log("compact")[-1]
        if row["fired"]:
            break
        assert row["reason"] == "too soon after the last nudge or compaction"
    assert json.loads(row["inputs"])["calls_since"] == 12
    assert row["fired"]


def test_an_unseen_nudge_is_shown_at_the_next_turn(desk: Desk) -> None:
    one = grow(desk.transcript(), until=120_000)
    desk.advise(one.now)
    one.prompt("and then").tool_turns([121_000])
    assert [told.kind for told in desk.advise(one.now)] == ["compact"]
    assert desk.files.show(one.session, "Stop", one.now) == desk.nudge(one)["text"]


def test_while_the_turn_runs_its_nudge_is_ready_for_stop_and_shown_once(desk: Desk) -> None:
    """The client's Stop often comes before its last line is in the file."""
    one = grow(desk.transcript(), until=100_000)
    desk.advise(one.now)
    one.prompt("now the long part").call(120_000, ("Bash", {"command": "make"})).results("ok")
    assert desk.advise(one.now) == [], "a watcher says nothing while the turn runs"
    assert desk.nudge(one)["events"] == ["Stop"]
    assert desk.files.show(one.session, "UserPromptSubmit", one.now) is None
    said = desk.files.show(one.session, "Stop", one.now)
    assert said is not None
    assert said.startswith("Compact now if you go on, 120k")
    one.call(121_000)
    desk.advise(one.now)
    assert desk.files.show(one.session, "UserPromptSubmit", one.now) is None
    row = desk.log("compact")[-1]
    assert (row["chosen"], row["text"]) == (1, said)
    assert row["shown_at"] is not None


def test_a_turn_that_went_on_below_the_level_prepares_nothing(desk: Desk) -> None:
    one = desk.transcript()
    one.prompt("start").call(60_000, ("Bash", {"command": "make"})).results("ok")
    desk.advise(one.now)
    assert desk.advice(one)["nudge"] is None
    assert desk.log("compact") == [], "only a turn's end is a decision"


def test_a_turn_of_a_client_that_does_not_say_why_an_answer_stopped_runs_while_it_asks_tools(desk: Desk) -> None:
    one = grow(desk.transcript(), until=100_000)
    one.prompt("on with it").call(140_000, ("Bash", {"command": "make"}), says_why=False)
    assert desk.advise(one.now) == []
    one.results("ok").call(141_000, says_why=False)
    assert [told.kind for told in desk.advise(one.now)] == ["compact"]


ONE_BY_ONE = [("TaskCreate", {"subject": "a"}), ("TaskUpdate", {"taskId": "1", "status": "in_progress"})]
ABOUT_IT = [("TaskUpdate", {"taskId": "1", "owner": "me"}), ("TaskUpdate", {"taskId": "1", "addBlockedBy": ["2"]})]


@pytest.mark.parametrize(
    ("begun", "closed"),
    [
        ([todos("completed", "in_progress")], todos("completed", "completed")),
        (ONE_BY_ONE, ("TaskUpdate", {"taskId": "1", "status": "completed"})),
        (ONE_BY_ONE, ("TaskUpdate", {"taskId": "1", "status": "pending"})),
        (ONE_BY_ONE, todos("completed")),
        (ONE_BY_ONE + ABOUT_IT, ("TaskUpdate", {"taskId": "1", "status": "completed"})),
    ],
)
def test_a_plan_in_progress_is_waited_for(
    desk: Desk, begun: list[tuple[str, dict[str, Any]]], closed: tuple[str, dict[str, Any]]
) -> None:
    one = grow(desk.transcript(), until=100_000)
    one.prompt("plan it").call(120_000, *begun).results(*["ok"] * len(begun)).call(120_500)
    assert desk.advise(one.now) == []
    assert desk.log("compact")[-1]["reason"] == "in the middle of a plan"
    one.prompt("finish it").call(121_000, closed).results("ok").call(121_500)
    assert [told.kind for told in desk.advise(one.now)] == ["compact"]


def test_a_refused_plan_does_not_delay_the_nudge(desk: Desk) -> None:
    one = grow(desk.transcript(), until=100_000)
    todo = ("TaskUpdate", {"taskId": "7", "status": "in_progress"})
    one.prompt("plan it").call(120_000, todo).results("Task not found", is_error=True).call(120_500)
    assert [told.kind for told in desk.advise(one.now)] == ["compact"]


def test_a_plan_that_goes_on_and_on_is_not_waited_for(desk: Desk) -> None:
    one = grow(desk.transcript(), until=100_000)
    todo = ("TodoWrite", {"todos": [{"content": "a", "status": "in_progress"}]})
    one.prompt("plan it").call(120_000, todo).results("ok").call(120_500)
    assert desk.advise(one.now) == []
    one.prompt("on with it").call(160_000)
    assert [told.kind for told in desk.advise(one.now)] == ["compact"]


def test_after_a_compaction_the_sentence_goes_and_twelve_calls_pass(desk: Desk) -> None:
    one = grow(desk.transcript(), until=120_000)
    desk.advise(one.now)
    one.compact(120_000, 40_000)
    desk.advise(one.now)
    assert desk.advice(one)["nudge"] is None
    assert desk.log("compact")[-1]["fired"], "of the context that is gone nothing more is said"
    one.prompt("go on").call(60_000, read=15_000)
    desk.advise(one.now)
    assert json.loads(desk.log("compact")[-1]["inputs"])["calls_since"] == 1


def test_a_compaction_that_did_not_help_silences_the_epoch(desk: Desk) -> None:
    one = grow(desk.transcript(), until=120_000)
    one.compact(120_000, 110_000)
    for number in range(4):
        one.prompt("go on").tool_turns([110_000 + 1_000 * number] * 4)
    desk.advise(one.now)
    assert desk.log("compact")[-1]["reason"] == "compacting did not help in this epoch"


def test_a_process_that_comes_later_does_not_tell_again(desk: Desk) -> None:
    one = grow(desk.transcript(), until=120_000)
    told = desk.advise(one.now)
    assert [each.kind for each in told] == ["compact"]
    assert [each.kind for each in desk.new_advisor().refresh(desk.db, one.now)] == ["compact"], "not shown yet"
    desk.advisor.note_shown(desk.db, told, one.now)
    assert desk.new_advisor().refresh(desk.db, one.now) == []


def test_a_process_that_was_there_before_tells_what_another_has_just_told(desk: Desk) -> None:
    one = desk.transcript()
    slow, other = desk.new_advisor(began=one.now), desk.new_advisor()
    assert other.refresh(desk.db, one.now) == []
    told = desk.advise(grow(one, until=120_000).now)
    desk.advisor.note_shown(desk.db, told, one.now)
    assert [each.kind for each in other.refresh(desk.db, one.now + 1)] == ["compact"]
    assert [each.kind for each in slow.refresh(desk.db, one.now + 1)] == ["compact"], (
        "though it looks for the first time"
    )


def test_three_dismissals_switch_the_kind_off_until_it_is_enabled(desk: Desk) -> None:
    from store.nudges import add_kind_choice, dismiss

    for number in range(4):
        one = grow(desk.transcript(start_ms=1_795_000_000_000 + number * 7_200_000), until=120_000)
        told = desk.advise(one.now)
        if number == 3:
            break
        assert [each.kind for each in told] == ["compact"]
        desk.files.show(one.session, "Stop", one.now)
        desk.advise(one.now)
        assert dismiss(desk.db, "compact", one.now) is not None
    assert told == []
    assert desk.log("compact")[-1]["reason"] == "switched off by three dismissals"
    add_kind_choice(desk.db, "compact", "enabled")
    desk.db.execute("UPDATE nudge_word SET at = ?", (one.now,))
    assert [each.kind for each in desk.new_advisor().refresh(desk.db, one.now)] == ["compact"]


def test_a_kind_that_the_settings_leave_out_is_looked_at_but_not_said(desk: Desk) -> None:
    desk.settings.write_text('[nudges]\nkinds = ["miss_storm"]\n')
    one = grow(desk.transcript(), until=120_000)
    assert desk.advise(one.now) == []
    row = desk.log("compact")[-1]
    assert (row["fired"], row["chosen"], row["reason"]) == (1, 0, "switched off")
    assert desk.advice(one)["compact_at_tokens"] is None


def test_quiet_speaks_later(desk: Desk) -> None:
    desk.settings.write_text("[nudges]\nquiet = true\n")
    one = grow(desk.transcript(), until=120_000)
    assert desk.advise(one.now) == []
    assert desk.log("compact")[-1]["reason"] == "below the level"


def test_two_processes_log_an_evaluation_once(desk: Desk) -> None:
    one = grow(desk.transcript(), until=120_000)
    desk.advise(one.now)
    before = desk.advice(one)
    other = desk.new_advisor()
    desk.advise(one.now, other)
    assert desk.advice(one) == before
    assert len(desk.log("compact")) == 1


def test_sessions_that_ended_long_ago_are_left_alone(desk: Desk) -> None:
    one = grow(desk.transcript(), until=120_000)
    assert desk.advise(one.now + 13 * 3_600_000) == []
    assert desk.log("compact") == []


def test_an_interrupted_turn_is_a_turn_end(desk: Desk) -> None:
    one = grow(desk.transcript(), until=100_000)
    one.prompt("more").call(120_000, ("Bash", {"command": "make"})).interrupt()
    assert [told.kind for told in desk.advise(one.now)] == ["compact"]


@pytest.mark.parametrize(("calls_later", "followed"), [(2, 1), (4, 0)])
def test_a_nudge_is_followed_by_a_compaction_within_three_calls(desk: Desk, calls_later: int, followed: int) -> None:
    one = grow(desk.transcript(), until=50_000).compact(50_000, 30_000)
    grow(one, until=120_000)
    desk.advise(one.now)
    desk.files.show(one.session, "Stop", one.now)
    for _ in range(calls_later):
        one.prompt("one more thing").call(120_500)
    one.compact(120_500, 40_000)
    one.prompt("go on").call(50_000, read=15_000)
    desk.advise(one.now)
    assert next(row for row in desk.log("compact") if row["shown_at"])["followed"] == followed


def test_a_compaction_by_the_client_itself_follows_nothing(desk: Desk) -> None:
    one = grow(desk.transcript(), until=120_000)
    desk.advise(one.now)
    desk.files.show(one.session, "Stop", one.now)
    one.wait(1).compact(120_500, 40_000, trigger="auto")
    for number in range(4):
        one.prompt("go on").call(50_000 + number, read=15_000)
    desk.advise(one.now)
    assert next(row for row in desk.log("compact") if row["shown_at"])["followed"] == 0


def test_a_calls_price_is_needed(desk: Desk) -> None:
    one = grow(desk.transcript(model="no-such-model-9"), until=120_000)
    assert desk.advise(one.now) == []
    assert desk.log("compact") == []
    assert desk.advice(one)["nudge"] is None
