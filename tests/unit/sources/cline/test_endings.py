"""Neither store says why an answer ended: one that asks for a tool is known by the tool."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from store.ledger import open_ledger
from store.records import Batch, CallFlag, EventKind
from tests.unit.sources.cline.taking_in import take_in_cline
from tests.unit.sources.cline.writing import Rows, SessionFolder, TaskFolder, metrics
from tracker.rebuild import rebuild
from tracker.reports.task import task_detail

ReadAll = Callable[..., Batch]


def used(name: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": "Look."}, {"type": "tool_use", "id": "toolu_1", "name": name, "input": {}}]


@pytest.mark.parametrize(
    ("name", "stop"), [("run_commands", "tool_use"), ("mcp__any", "tool_use"), ("ask_question", None)]
)
def test_an_answer_of_the_sdk_goes_on_with_the_tool_that_it_asks_for(
    name: str, stop: str | None, session: SessionFolder, read_all: ReadAll
) -> None:
    session.user("Go")
    session.answer(metrics(100, 10), content=used(name))
    session.answer(metrics(200, 20))
    session.write()
    assert [call.stop for call in read_all(session.root).calls] == [stop, None]


@pytest.mark.parametrize("row", ["tool", "command", "use_mcp_server", "browser_action_launch"])
@pytest.mark.parametrize("is_asked", [True, False])
def test_an_answer_of_a_task_goes_on_with_the_tool_that_it_asks_for(
    row: str, is_asked: bool, task: TaskFolder, rows: Rows, read_all: ReadAll
) -> None:
    tool = (rows.ask if is_asked else rows.say)(row, json.dumps({"tool": "readFile"}))
    task.write([rows.say("task", "Go"), rows.request(4, 40), tool])
    assert [call.stop for call in read_all(task.root).calls] == ["tool_use"]


@pytest.mark.parametrize("row", ["completion_result", "followup", "plan_mode_respond"])
def test_a_result_or_a_question_is_the_users_turn(row: str, task: TaskFolder, rows: Rows, read_all: ReadAll) -> None:
    tool = rows.say("tool", json.dumps({"tool": "readFile"}))
    task.write([rows.say("task", "Go"), rows.request(4, 40), tool, rows.ask(row, "Well?")])
    assert [call.stop for call in read_all(task.root).calls] == ["end_turn"]


def test_an_answer_that_was_read_before_its_question_to_the_user_ends_with_it(task: TaskFolder, rows: Rows) -> None:
    written = [rows.say("task", "Go"), rows.request(4, 40), rows.say("tool", json.dumps({"tool": "readFile"}))]
    task.write(written)
    assert statuses(task.root) == [("open", None)]
    task.write([*written, rows.ask("followup", "Well?")])
    assert statuses(task.root) == [("completed", "question")]


def test_an_answer_ends_with_its_result_though_a_tool_follows(task: TaskFolder, rows: Rows, read_all: ReadAll) -> None:
    """As it does where the result was read before the tool was written."""
    result = [rows.say("task", "Go"), rows.request(4, 40), rows.say("completion_result", "Done.")]
    task.write([*result, rows.ask("command", "pytest")])
    assert [call.stop for call in read_all(task.root).calls] == ["end_turn"]


def test_an_answer_under_way_is_a_floor_until_something_follows(
    task: TaskFolder, rows: Rows, read_all: ReadAll
) -> None:
    begun = [rows.say("task", "Go"), rows.request(4, 3, 100), rows.say("text", "I loo", partial=True)]
    task.write(begun)
    [call] = read_all(task.root).calls
    assert (call.output, call.flags & CallFlag.OUTPUT_IS_FLOOR, call.flags & CallFlag.ABORTED) == (3, 1, 0)
    request = {**begun[1], "text": begun[1]["text"].replace('"tokensOut": 3', '"tokensOut": 43')}
    for follows in (rows.say("tool", json.dumps({"tool": "readFile"}), partial=True), rows.request(5, 50)):
        task.write([begun[0], request, rows.say("text", "I look."), follows])
        call = read_all(task.root).calls[0]
        assert (call.output, call.flags & CallFlag.OUTPUT_IS_FLOOR) == (43, 0)


def test_a_task_that_was_killed_at_a_tool_is_not_completed(
    session: SessionFolder, task: TaskFolder, rows: Rows
) -> None:
    session.user("Go")
    session.answer(metrics(100, 10), content=used("read_files"))
    session.write()
    read = rows.say("tool", json.dumps({"tool": "readFile", "path": "a.py"}))
    task.write([rows.say("task", "Go on"), rows.request(4, 40), read])
    assert statuses(session.root) == [("open", None), ("open", None)]
    session.user("x", content=[{"type": "tool_result", "tool_use_id": "toolu_1", "content": "x"}])
    session.answer(metrics(200, 20), "It is so.")
    session.write()
    assert sorted(statuses(session.root)) == [("completed", "question"), ("open", None)]


@pytest.mark.parametrize(
    ("row", "is_interrupted"),
    [("text", True), ("tool", True), ("error", True), ("completion_result", False), ("followup", False)],
)
def test_a_task_that_is_left_without_a_result_was_interrupted(
    row: str, is_interrupted: bool, task: TaskFolder, rows: Rows, read_all: ReadAll
) -> None:
    last = rows.ask(row, "Well?") if row == "followup" else rows.say(row, json.dumps({"tool": "readFile"}))
    written = [rows.say("task", "Go"), rows.request(4, 40), rows.say("text", "Hm."), last]
    task.write([*written, rows.ask("resume_task"), rows.ask("resume_task")])
    interrupts = [one for one in read_all(task.root).events if one.kind == EventKind.INTERRUPT]
    assert len(interrupts) == is_interrupted
    [(status, _)] = statuses(task.root)
    assert status == ("open" if is_interrupted else "completed")


def test_a_task_that_is_left_twice_was_interrupted_once(task: TaskFolder, rows: Rows) -> None:
    """Cline puts its question whether to resume below what came since: the first one is gone."""
    written = [rows.say("task", "Go"), rows.request(4, 40), rows.say("text", "Hm.")]
    for _ in range(2):
        task.write([*written, rows.ask("resume_task")])
        assert [kind for kind, _ in marks(task.root)].count(EventKind.INTERRUPT) == 1


def test_cline_itself_resumes_a_task_whose_stream_broke(task: TaskFolder, rows: Rows, read_all: ReadAll) -> None:
    """The first row of the failure may lose the reason, and keeps the output that the stream began with."""
    go, broken = rows.say("task", "Go"), rows.request(4, 3, 100)
    reason = {"cancelReason": "streaming_failed", "streamingFailedMessage": "terminated"}
    told = {**broken, "text": json.dumps(json.loads(broken["text"]) | reason)}
    retry = rows.say("error_retry", json.dumps({"attempt": 1, "delaySeconds": 3, "errorMessage": "terminated"}))
    asks = [retry, rows.say("text", "I wil"), rows.ask("resume_task"), rows.ask("resume_task")]
    answered = [*asks, rows.request(4, 40, 100), rows.say("completion_result", "Done.")]
    expected = [EventKind.MODE, EventKind.API_ERROR, EventKind.COMPLETION]
    for request, rest in ((told, []), (told, [retry]), (broken, asks), (broken, answered)):
        task.write([go, request, *rest])
        assert [kind for kind, _ in marks(task.root)] == expected[: 3 if rest == answered else 2]
    batch = read_all(task.root)
    assert [turn.text for turn in batch.turns] == ["Go"]
    floor = CallFlag.OUTPUT_IS_FLOOR
    assert [(call.output, call.retries, call.flags & (floor | CallFlag.ABORTED)) for call in batch.calls] == [
        (3, 0, floor),
        (40, 1, 0),
    ]
    task.write([go, told, *answered])
    assert [(call.output, call.retries) for call in read_all(task.root).calls] == [(3, 0), (40, 1)]


def test_a_task_resumed_long_after_its_stream_broke_is_resumed_by_the_user(
    task: TaskFolder, rows: Rows, read_all: ReadAll
) -> None:
    retry = rows.say("error_retry", json.dumps({"delaySeconds": 2, "errorMessage": "terminated"}), ts=rows.at + 3000)
    written = [rows.say("task", "Go"), rows.request(4, 3, 100), retry, rows.ask("resume_task")]
    rows.at += 3_600_000
    task.write([*written, rows.request(4, 40, 100)])
    batch = read_all(task.root)
    assert [turn.text for turn in batch.turns] == ["Go", "resume"]
    assert [call.turn == batch.turns[-1].prompt_uuid for call in batch.calls] == [False, True]


@pytest.mark.parametrize("is_answered", [True, False])
def test_a_turn_of_the_sdk_that_got_no_answer_was_interrupted(
    is_answered: bool, session: SessionFolder, read_all: ReadAll
) -> None:
    """Cline marks no stop by the user: the next prompt stands below one without an answer, or below a tool's result."""
    session.user("Go")
    session.answer(metrics(100, 10), content=used("read_files"))
    result = session.user("x", content=[{"type": "tool_result", "tool_use_id": "toolu_1", "content": "x"}])
    session.user("Also this", metadata={"userRunSpan": 0})  # typed while the turn ran
    if is_answered:
        session.answer(metrics(200, 20))
    session.user("No, this")
    session.write()
    batch = read_all(session.root)
    assert [turn.text for turn in batch.turns] == ["Go", "No, this"]
    interrupts = [event.position for event in batch.events if event.kind == EventKind.INTERRUPT]
    assert [result["ts"] < at < batch.turns[1].position for at in interrupts] == [True] * (not is_answered)
    assert endings(session.root) == ["normal" if is_answered else "interrupted", "running"]


def test_a_prompt_counts_once_its_request_is_made(session: SessionFolder) -> None:
    """Cline may write it before, without a time: it stood before what happened meanwhile."""
    session.user("Go")
    shown = {"displayOnly": True, "displayRole": "error"}
    session.answer(None, "Overloaded", id="error_1", metadata=shown)
    prompt = session.user("More")
    at = prompt.pop("ts")
    session.write()
    assert endings(session.root) == ["error"]
    prompt["ts"] = at
    session.answer(metrics(100, 10))
    session.write()
    assert endings(session.root) == ["error", "normal"]


def test_a_provider_that_counts_nothing_lets_a_run_complete(session: SessionFolder) -> None:
    """A broken stream has the same counts, and an error behind it."""
    session.user("Go")
    session.answer(metrics(0, 0))
    session.write()
    assert statuses(session.root) == [("completed", "question")]
    shown = {"displayOnly": True, "displayRole": "error"}
    session.answer(None, "The socket connection was closed unexpectedly.", id="error_1", metadata=shown)
    session.write()
    assert statuses(session.root) == [("open", None)]


def statuses(folder: Path) -> list[tuple[str, str | None]]:
    with closing(open_ledger()) as db:
        take_in_cline(db, folder)
        rebuild(db)
        return db.execute("SELECT status, evidence FROM task").fetchall()


def endings(folder: Path) -> list[str]:
    with closing(open_ledger()) as db:
        take_in_cline(db, folder)
        rebuild(db)
        [(task,)] = db.execute("SELECT id FROM task")
        detail = task_detail(db, task)
    assert detail is not None
    return [turn.facts.ending for turn in detail.turns]


def marks(folder: Path) -> list[tuple[str, int]]:
    """Kinds and places of all marks in the ledger, after what is new has been read into it."""
    with closing(open_ledger()) as db:
        take_in_cline(db, folder)
        return db.execute("SELECT kind, position FROM event ORDER BY position").fetchall()
