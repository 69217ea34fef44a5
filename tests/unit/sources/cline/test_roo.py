"""Roo Code's tasks: Cline's layout, other counts, and the model's name in the conversation only (CLINE section 4)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from store.records import Batch, CallFlag, EventKind, ToolFlag
from tracker.sources.cline import RooSource

ReadAll = Callable[..., Batch]
CLAUDE = "claude-sonnet-4-5-20250929"


def sent_along(model: str) -> str:
    mode = f"# Current Mode\n<slug>code</slug>\n<name>💻 Code</name>\n<model>{model}</model>\n"
    return f"<environment_details>\n{mode}</environment_details>"


class RooTask:
    """A Roo task on disk."""

    def __init__(self, root: Path, make: Any) -> None:
        self.root = root / "rooveterinaryinc.roo-cline"
        self.folder = self.root / "tasks" / "0198c1f0-0000-7000-8000-000000000000"
        self.folder.mkdir(parents=True)
        self.make = make
        self.rows: list[dict[str, Any]] = []
        self.conversation: list[dict[str, Any]] = []
        self.words = "<task>Go</task>"

    def say(self, what: str, text: str = "", **more: Any) -> dict[str, Any]:
        row: dict[str, Any] = self.make.say(what, text, **more)
        del row["modelInfo"]
        self.rows.append(row)
        return row

    def request(self, model: str, protocol: str, *counts: int, cost: float = 0.01) -> None:
        names = ("tokensIn", "tokensOut", "cacheWrites", "cacheReads")
        info = {"apiProtocol": protocol, **dict(zip(names, counts, strict=True)), "cost": cost}
        row = self.say("api_req_started", json.dumps(info))
        content = [{"type": "text", "text": text} for text in (self.words, sent_along(model))]
        self.conversation.append({"role": "user", "ts": row["ts"] + 20, "content": content})
        self.conversation.append({"role": "assistant", "ts": row["ts"] + 500, "content": "…"})

    def write(self) -> None:
        (self.folder / "ui_messages.json").write_text(json.dumps(self.rows))
        (self.folder / "api_conversation_history.json").write_text(json.dumps(self.conversation))


@pytest.fixture
def roo(tmp_path: Path, rows: Any) -> RooTask:
    return RooTask(tmp_path, rows)


@pytest.fixture
def read(roo: RooTask, read_all: ReadAll) -> Callable[[], Batch]:
    def written() -> Batch:
        roo.write()
        return read_all(roo.root, source=RooSource())

    return written


def test_input_includes_the_cache_in_both_protocols(roo: RooTask, read: Callable[[], Batch]) -> None:
    roo.say("text", "Go")
    roo.request(CLAUDE, "anthropic", 12_751, 324, 913, 11_832)
    roo.request("my-priced-model", "openai", 9_380, 83, 0, 8_960)
    calls = read().calls
    assert [(call.input, call.cache_read, call.write_5m, call.output) for call in calls] == [
        (6, 11_832, 913, 324),
        (420, 8_960, 0, 83),
    ]
    assert [call.model for call in calls] == [CLAUDE, "my-priced-model"]
    assert [call.cost for call in calls] == [11_851_350, 5_193_000]
    assert {call.agent for call in calls} == {"roo"}


def test_the_output_of_the_anthropic_protocol_is_an_estimate(roo: RooTask, read: Callable[[], Batch]) -> None:
    roo.say("text", "Go")
    roo.request(CLAUDE, "anthropic", 100, 10, 0, 0)
    roo.request("my-priced-model", "openai", 100, 10, 0, 0)
    roo.say("completion_result", "Done")
    assert [call.flags for call in read().calls] == [CallFlag.ESTIMATED, 0]


def test_rows_from_before_october_2025_leave_the_cache_out(roo: RooTask, read: Callable[[], Batch]) -> None:
    roo.say("text", "Go")
    roo.request(CLAUDE, "anthropic", 6, 324, 913, 11_832)
    [call] = read().calls
    assert (call.input, call.cache_read, call.write_5m) == (6, 11_832, 913)


def test_old_rows_name_the_model_themselves(roo: RooTask, read: Callable[[], Batch]) -> None:
    roo.say("text", "Go")
    sent = f"Why is <model>this</model> wrong?\n\n{sent_along(CLAUDE)}"
    roo.say("api_req_started", json.dumps({"request": sent, "tokensIn": 4, "tokensOut": 40, "cost": 0.1}))
    assert [call.model for call in read().calls] == [CLAUDE]


def test_what_a_prompt_or_a_file_calls_a_model_is_none(roo: RooTask, read: Callable[[], Batch]) -> None:
    roo.say("text", "Why is <model>this</model> wrong?")
    roo.words = "[read_file] Result:\n<car><name>A</name> <model>B</model></car>\n<name>C</name>\n<model>D</model>"
    roo.request(CLAUDE, "anthropic", 100, 10, 0, 0)
    roo.request("my-priced-model", "openai", 100, 10, 0, 0)
    assert [call.model for call in read().calls] == [CLAUDE, "my-priced-model"]


def test_a_task_whose_conversation_is_gone_has_no_price(roo: RooTask, read: Callable[[], Batch]) -> None:
    roo.say("text", "Go")
    roo.request(CLAUDE, "anthropic", 100, 10, 0, 0)
    roo.conversation.clear()
    assert [(call.model, call.cost, call.reported_cost) for call in read().calls] == [("unknown", None, 10_000_000)]


def test_a_torn_conversation_makes_the_task_wait(roo: RooTask, read_all: ReadAll) -> None:
    roo.say("text", "Go")
    roo.request(CLAUDE, "anthropic", 100, 10, 0, 0)
    roo.write()
    (roo.folder / "api_conversation_history.json").write_text("[{")
    assert read_all(roo.root, source=RooSource()).calls == []


def test_condensing_has_a_cost_and_no_tokens(roo: RooTask, read: Callable[[], Batch]) -> None:
    roo.say("text", "Go")
    roo.request(CLAUDE, "anthropic", 100, 10, 0, 0)
    sizes = {"cost": 0.25, "prevContextTokens": 150_000, "newContextTokens": 9_000, "summary": "…"}
    roo.say("condense_context", contextCondense=sizes)
    roo.say("sliding_window_truncation", contextTruncation={**sizes, "cost": None})
    batch = read()
    [condensing] = [call for call in batch.calls if call.chain]
    assert condensing.flags == CallFlag.REPORTED_ONLY | CallFlag.REPORTED_COST
    assert (condensing.cost, condensing.reported_cost, condensing.output) == (250_000_000, 250_000_000, 0)
    assert [(chain.kind, chain.agent_type) for chain in batch.chains] == [("main", None), ("compaction", "condensing")]
    assert [(event.kind, event.tokens_before, event.tokens_after) for event in batch.events] == [
        (EventKind.COMPACT, 150_000, 9_000),
        (EventKind.MICROCOMPACT, 150_000, 9_000),
    ]


def test_sums_of_deleted_rows_do_not_hold_earlier_sums(roo: RooTask, read: Callable[[], Batch], read_all: Any) -> None:
    states: dict[str, Any] = {}
    begin = roo.say("text", "Go")
    roo.say("api_req_deleted", json.dumps({"tokensIn": 70, "tokensOut": 7, "cost": 0.1}))
    roo.write()
    first = read_all(roo.root, source=RooSource(), states=states)
    roo.rows = [begin]
    roo.say("api_req_deleted", json.dumps({"tokensIn": 50, "tokensOut": 5, "cost": 0.1}))
    roo.write()
    second = read_all(roo.root, source=RooSource(), states=states)
    assert [[call.input for call in batch.calls] for batch in (first, second)] == [[70], [50]]


def test_to_do_lists_and_subtasks(roo: RooTask, read: Callable[[], Batch]) -> None:
    roo.say("text", "Go")
    todos = [{"content": "a", "status": "completed"}, {"content": "b", "status": "in_progress"}]
    roo.say("tool", json.dumps({"tool": "updateTodoList", "todos": todos}))
    roo.say("tool", json.dumps({"tool": "newTask", "content": "Do that"}))
    tools = {use.name: use for use in read().tools}
    assert (tools["updateTodoList"].target, tools["updateTodoList"].flags) == ("1/2+", ToolFlag.TODOS)
    assert tools["newTask"].flags == ToolFlag.AGENT


def test_the_history_item_tells_folder_and_parent(roo: RooTask, read: Callable[[], Batch]) -> None:
    item = {"id": roo.folder.name, "ts": 1_795_000_000_000, "task": "Go", "totalCost": 0.5, "workspace": "/w"}
    (roo.folder / "history_item.json").write_text(json.dumps({**item, "parentTaskId": "p"}))
    batch = read()
    [one] = [one for one in batch.sessions if one.native_id == roo.folder.name]
    assert (one.agent, one.cwd, one.parent, one.title) == ("roo", "/w", "p", "Go")
    assert [total.cost for total in batch.totals] == [500_000_000]


def test_a_retry_that_is_waited_for_is_an_error_of_its_request(roo: RooTask, read: Callable[[], Batch]) -> None:
    roo.say("text", "Go")
    roo.request(CLAUDE, "anthropic", 5, 50, 0, 0)
    roo.say("api_req_retry_delayed", "429 Too many requests: sk-secret")
    assert [event.detail for event in read().events if event.kind == EventKind.API_ERROR] == ["429"]
