"""Classic tasks, row by row (CLINE section 3)."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from store.records import Batch, CallFlag, EventKind, ToolFlag, TurnKind
from tracker.sources.base import Options, ReadState

ReadAll = Callable[..., Batch]


def kinds(batch: Batch) -> list[tuple[str, str | None]]:
    return [(event.kind, event.detail) for event in sorted(batch.events, key=lambda one: one.position)]


def test_a_request_in_flight_is_no_call_yet(task: Any, rows: Any, read_all: ReadAll) -> None:
    task.write([rows.say("task", "Go"), rows.say("api_req_started", json.dumps({"request": "…"}))])
    batch = read_all(task.root)
    assert batch.calls == []
    assert [turn.text for turn in batch.turns] == ["Go"]


def test_a_request_grows_in_place_under_one_key(task: Any, rows: Any, read_all: ReadAll) -> None:
    begin, states = rows.say("task", "Go"), dict[str, ReadState]()
    request = rows.request(4, 3, 100)
    task.write([begin, request])
    [early] = read_all(task.root, states=states).calls
    request["text"] = json.dumps({**json.loads(request["text"]), "tokensOut": 244})
    task.write([begin, request])
    [final] = read_all(task.root, states=states).calls
    assert early.message_id == final.message_id
    assert (early.output, final.output) == (3, 244)


def test_records_emitted_once_are_not_emitted_again(task: Any, rows: Any, read_all: ReadAll) -> None:
    states = dict[str, ReadState]()
    written = [rows.say("task", "Go"), rows.request(4, 40), rows.say("completion_result", "Done")]
    task.write(written)
    read_all(task.root, states=states)
    task.write([*written, rows.say("user_feedback", "More"), rows.request(5, 50)])
    batch = read_all(task.root, states=states)
    assert [call.input for call in batch.calls] == [5]
    assert [turn.text for turn in batch.turns] == ["More"]
    assert [event.kind for event in batch.events] == [EventKind.FEEDBACK]


def test_reading_in_steps_gives_the_same_records_as_reading_at_once(
    task: Any, rows: Any, read_all: ReadAll, nowhere: Any
) -> None:
    written = [
        rows.say("task", "Go"),
        rows.request(4, 40),
        rows.say("text", "Looking"),
        rows.say("command", "pytest -q"),
        rows.ask("command_output", "1 failed"),
        rows.request(5, 50),
        rows.ask("resume_task"),
        rows.say("user_feedback", "More"),
        rows.request(6, 60),
        rows.say("completion_result", "Done"),
    ]
    states, told = dict[str, ReadState](), Batch()
    for end in range(1, len(written) + 1):
        task.write(written[:end])
        part = read_all(task.root, states=states)
        told.calls += part.calls
        told.turns += part.turns
        told.events += part.events
    whole = read_all(task.root)
    latest = {call.message_id: call for call in told.calls}
    assert list(latest.values()) == whole.calls
    assert told.turns == whole.turns
    assert sorted(map(repr, told.events)) == sorted(map(repr, whole.events))


@pytest.mark.parametrize(
    ("reason", "flags", "event"),
    [
        ("user_cancelled", CallFlag.OUTPUT_IS_FLOOR | CallFlag.ABORTED, (EventKind.INTERRUPT, None)),
        ("streaming_failed", CallFlag.OUTPUT_IS_FLOOR, (EventKind.API_ERROR, "429")),
        ("retries_exhausted", CallFlag.OUTPUT_IS_FLOOR, (EventKind.API_ERROR, "429")),
    ],
)
def test_a_cut_request_keeps_its_tokens(
    reason: str, flags: int, event: tuple[str, str | None], task: Any, rows: Any, read_all: ReadAll
) -> None:
    message = None if reason == "user_cancelled" else "OpenRouter API Error 429: slow down"
    cut = rows.request(6, 4, 0, 11_832, cancelReason=reason, streamingFailedMessage=message)
    task.write([rows.say("task", "Go"), cut])
    batch = read_all(task.root)
    [call] = batch.calls
    assert (call.cache_read, call.output) == (11_832, 4)
    assert call.flags == flags
    assert event in kinds(batch)


def test_a_request_cancelled_before_anything_came_is_no_call(task: Any, rows: Any, read_all: ReadAll) -> None:
    task.write([rows.say("task", "Go"), rows.request(0, 0, cost=0, cancelReason="user_cancelled")])
    batch = read_all(task.root)
    assert batch.calls == []
    assert (EventKind.INTERRUPT, None) in kinds(batch)


def test_a_request_stopped_from_the_keyboard_is_known_by_what_did_not_follow(
    task: Any, rows: Any, read_all: ReadAll
) -> None:
    stopped = [rows.say("task", "Go"), rows.request(4, 3, 100), rows.say("text", "I wil", partial=True)]
    task.write(stopped)
    assert not read_all(task.root).calls[0].flags & CallFlag.ABORTED  # may still be streaming
    task.write([*stopped, rows.ask("resume_task")])
    aborted = CallFlag.ABORTED | CallFlag.OUTPUT_IS_FLOOR
    assert read_all(task.root).calls[0].flags & aborted == aborted


def test_an_answered_request_is_not_cut_when_the_task_is_left(task: Any, rows: Any, read_all: ReadAll) -> None:
    task.write([rows.say("task", "Go"), rows.request(4, 44), rows.say("text", "Hm."), rows.ask("resume_task")])
    assert not read_all(task.root).calls[0].flags & CallFlag.ABORTED


def test_a_provider_without_usage_leaves_a_call_that_is_a_floor(task: Any, rows: Any, read_all: ReadAll) -> None:
    task.write([rows.say("task", "Go"), rows.request(0, 0, cost=0), rows.say("completion_result", "Done")])
    [call] = read_all(task.root).calls
    assert (call.input, call.output, call.flags) == (0, 0, CallFlag.OUTPUT_IS_FLOOR)


def test_retries_before_the_first_byte_belong_to_the_same_row(task: Any, rows: Any, read_all: ReadAll) -> None:
    retry = {"attempt": 1, "maxAttempts": 3, "errorMessage": "OpenRouter API Error 429: slow down"}
    task.write(
        [
            rows.say("task", "Go"),
            rows.request(4, 40),
            rows.say("error_retry", json.dumps(retry)),
            rows.say("error_retry", json.dumps({**retry, "attempt": 2})),
            rows.say("completion_result", "Done"),
        ]
    )
    batch = read_all(task.root)
    assert [call.retries for call in batch.calls] == [2]
    assert kinds(batch).count((EventKind.API_ERROR, "429")) == 2


def test_a_refused_request_is_one_error_and_no_call(task: Any, rows: Any, read_all: ReadAll) -> None:
    error = json.dumps({"message": "OpenRouter API Error 402: Insufficient credits"})
    task.write(
        [
            rows.say("task", "Go"),
            rows.request(0, 0, cost=0, cancelReason="streaming_failed"),
            rows.say("error_retry", json.dumps({"attempt": 3, "failed": True, "errorMessage": error})),
            rows.ask("api_req_failed", error),
        ]
    )
    batch = read_all(task.root)
    assert batch.calls == []
    assert kinds(batch).count((EventKind.API_ERROR, "402")) == 1


def test_resuming_without_a_word_goes_on_as_a_command(task: Any, rows: Any, read_all: ReadAll) -> None:
    task.write([rows.say("task", "Go"), rows.request(4, 40), rows.say("text", "…"), rows.ask("resume_task")])
    assert EventKind.RESUME not in dict(kinds(read_all(task.root)))
    task.write([*json.loads((task.folder / "ui_messages.json").read_text()), rows.request(5, 50)])
    batch = read_all(task.root)
    assert [turn.kind for turn in batch.turns] == [TurnKind.PROMPT, TurnKind.COMMAND]
    assert batch.calls[1].turn == batch.turns[1].prompt_uuid
    assert (EventKind.RESUME, None) in kinds(batch)


def test_feedback_before_a_completion_does_not_reopen(task: Any, rows: Any, read_all: ReadAll) -> None:
    task.write([rows.say("task", "Go"), rows.request(4, 40), rows.say("user_feedback", "No, left")])
    batch = read_all(task.root)
    assert len(batch.turns) == 2
    assert EventKind.FEEDBACK not in dict(kinds(batch))


def test_changes_of_mode_and_model_within_a_task(task: Any, rows: Any, read_all: ReadAll) -> None:
    rows.model["mode"] = "plan"
    written = [rows.say("task", "Go"), rows.request(4, 40)]
    rows.model |= {"mode": "act", "modelId": "my-priced-model", "providerId": "openai"}
    written += [rows.request(100, 50, 0, 60)]
    task.write(written)
    batch = read_all(task.root)
    assert [event.detail for event in batch.events if event.kind == EventKind.MODE] == ["plan", "act"]
    assert [(call.model, call.provider, call.input) for call in batch.calls] == [
        ("claude-sonnet-4-5-20250929", "anthropic", 4),
        ("my-priced-model", "openai", 40),
    ]


class TestOlderLayouts:
    def bare(self, rows: Any) -> list[dict[str, Any]]:
        written = [rows.say("text", "Go"), rows.request(4, 40), rows.request(5, 50)]
        for row in written:
            del row["modelInfo"]
        return written

    def test_the_first_text_is_the_task(self, task: Any, rows: Any, read_all: ReadAll) -> None:
        task.write(self.bare(rows))
        batch = read_all(task.root)
        assert [turn.text for turn in batch.turns] == ["Go"]
        assert batch.sessions[0].title == "Go"

    def test_the_model_comes_from_the_metadata_by_time(self, task: Any, rows: Any, read_all: ReadAll) -> None:
        written = self.bare(rows)
        uses = [
            {"ts": written[0]["ts"], "model_id": "claude-sonnet-4-5-20250929", "model_provider_id": "anthropic"},
            {"ts": written[2]["ts"] - 1, "model_id": "my-priced-model", "model_provider_id": "openai"},
        ]
        (task.folder / "task_metadata.json").write_text(json.dumps({"model_usage": uses}))
        task.write(written)
        assert [(call.model, call.provider) for call in read_all(task.root).calls] == [
            ("claude-sonnet-4-5-20250929", "anthropic"),
            ("my-priced-model", "openai"),
        ]

    def test_else_from_the_task_history(self, task: Any, rows: Any, read_all: ReadAll) -> None:
        history = task.root / "data" / "state" / "taskHistory.json"
        history.parent.mkdir()
        history.write_text(json.dumps([{"id": task.task, "ts": 1, "task": "Go", "modelId": "my-priced-model"}]))
        task.write(self.bare(rows))
        assert {call.model for call in read_all(task.root).calls} == {"my-priced-model"}

    def test_else_it_is_unknown_and_has_no_price(self, task: Any, rows: Any, read_all: ReadAll, pricer: Any) -> None:
        task.write(self.bare(rows))
        assert {(call.model, call.cost) for call in read_all(task.root).calls} == {("unknown", None)}
        assert pricer.asked == []

    def test_usage_may_stand_in_a_row_of_its_own(self, task: Any, rows: Any, read_all: ReadAll) -> None:
        finished = rows.request(4, 40, 100)
        finished["say"] = "api_req_finished"
        start = {**rows.say("api_req_started", json.dumps({"request": "…"})), "ts": finished["ts"] - 10}
        task.write([rows.say("task", "Go"), start, finished])
        [call] = read_all(task.root).calls
        assert (call.output, call.position) == (40, start["ts"])


def test_the_long_prompt_price_of_subagents_is_decided_by_their_largest_prompt(
    task: Any, rows: Any, read_all: ReadAll, pricer: Any
) -> None:
    sums = {"source": "subagents", "tokensIn": 100_000, "tokensOut": 10, "cacheWrites": 0, "cacheReads": 900_000}
    task.write(
        [
            rows.say("task", "Go"),
            rows.say("use_subagents", json.dumps({"prompts": ["a", "b"]}), partial=True),
            rows.say("subagent", json.dumps({"status": "completed", "maxContextTokens": 60_000})),
            rows.say("subagent_usage", json.dumps({**sums, "cost": 1.0})),
        ]
    )
    batch = read_all(task.root)
    assert pricer.asked == [("claude-sonnet-4-5-20250929", "anthropic", 60_000)]
    [use] = batch.tools
    assert [chain.spawn_tool_use for chain in batch.chains if chain.key] == [use.id]


@pytest.mark.parametrize(
    ("told", "folder"), [("/home/ann/work", "/home/ann/work"), ("c:/Users/Ann/a (b)", "c:\\Users\\Ann\\a (b)")]
)
def test_a_task_ran_where_the_history_says_too(told: str, folder: str, task: Any, rows: Any, read_all: ReadAll) -> None:
    request = f"<task>Go</task>\n\n# Current Working Directory ({told}) Files\nsrc/"
    task.write([rows.say("task", "Go"), rows.request(4, 40, request=request)])
    state = task.root / "data" / "state"
    state.mkdir()
    item = {"id": task.task, "ts": rows.at, "task": "Go", "cwdOnTaskInitialization": folder}
    (state / "taskHistory.json").write_text(json.dumps([item]))
    assert {one.cwd for one in read_all(task.root).sessions} == {folder}


def test_a_plain_cut_of_the_context_is_a_mark(task: Any, rows: Any, read_all: ReadAll) -> None:
    shorter = {"conversationHistoryDeletedRange": [2, 9]}
    task.write([rows.say("task", "Go"), rows.request(4, 40), {**rows.request(5, 50), **shorter}])
    assert (EventKind.MICROCOMPACT, "truncated") in kinds(read_all(task.root))


def test_a_cut_comes_before_the_request_that_no_longer_fitted(task: Any, rows: Any, read_all: ReadAll) -> None:
    """Its own row still has the old range, which may be an empty one."""
    empty, cut = {"conversationHistoryDeletedRange": [2, 1]}, {"conversationHistoryDeletedRange": [2, 9]}
    first, second = rows.request(4, 40), {**rows.request(5, 50), **empty}
    task.write([rows.say("task", "Go"), first, second, {**rows.say("completion_result", "Done"), **cut}])
    marks = [one.position for one in read_all(task.root).events if one.kind == EventKind.MICROCOMPACT]
    assert marks == [second["ts"]]


@pytest.mark.parametrize("is_taken", [True, False])
def test_a_proposed_summary_counts_if_it_is_taken(is_taken: bool, task: Any, rows: Any, read_all: ReadAll) -> None:
    written = [rows.say("task", "Go"), rows.request(4, 40, 0, 500), rows.ask("condense", "Summary: …")]
    if not is_taken:
        written.append(rows.say("user_feedback", "No, keep it all"))
    after = rows.request(5, 50)
    task.write([*written, {**after, "conversationHistoryDeletedRange": [2, 9]} if is_taken else after])
    batch = read_all(task.root)
    assert ((EventKind.COMPACT, "manual") in kinds(batch)) == is_taken
    assert (EventKind.MICROCOMPACT, "truncated") not in kinds(batch)


def test_commands_are_classified_and_get_their_outcome(task: Any, rows: Any, read_all: ReadAll) -> None:
    outcome = {"request": "[execute_command for 'git commit'] Result:\nCommand failed with exit code 1."}
    task.write(
        [
            rows.say("task", "Go"),
            rows.request(4, 40),
            rows.ask("command", "git commit -m x && pytestREQ_APP"),
            rows.say("command_output", "[main 1a2b3c4] x\n"),
            rows.say("command_output", "1 failed"),
            rows.say("api_req_started", json.dumps(outcome)),
        ]
    )
    [use] = read_all(task.root).tools
    assert use.target == "git commit -m x && pytest"
    assert use.flags == ToolFlag.RUN | ToolFlag.COMMIT | ToolFlag.CHECK | ToolFlag.FAILED
    assert (use.commit, use.is_error, use.result_chars) == ("1a2b3c4", True, 25)


def test_checklists_tell_how_much_is_closed(task: Any, rows: Any, read_all: ReadAll) -> None:
    task.write([rows.say("task", "Go"), rows.say("task_progress", "- [x] one\n- [X] two\n- [ ] three")])
    [use] = read_all(task.root).tools
    assert (use.target, use.flags) == ("2/3", ToolFlag.TODOS)


def test_a_damaged_row_is_counted_and_hides_no_other(task: Any, rows: Any, read_all: ReadAll) -> None:
    good = [rows.say("task", "Go"), rows.request(4, 40)]
    damaged: list[Any] = [
        {"ts": "yesterday", "type": "say", "say": "text"},
        {"type": "say", "say": "text", "text": "no time"},
        "a string",
        None,
        {**rows.say("api_req_started", "{half a")},
        {**rows.request(10**40, 1)},
        {"ts": 1e300, "type": "say", "say": "text", "text": "far away"},
        {"ts": 253_402_300_799_000, "type": "say", "say": "text", "text": "at the end of the calendar"},
        {"ts": -5, "type": "say", "say": "text", "text": "long ago"},
    ]
    task.write([*damaged, *good, rows.request(-5, 60)])
    batch = read_all(task.root)
    assert [(call.input, call.output) for call in batch.calls] == [(4, 40), (0, 60)]
    assert batch.bad_lines == len(damaged)


def test_no_words_are_kept_if_none_are_wanted(task: Any, rows: Any, read_all: ReadAll, pricer: Any) -> None:
    task.write([rows.say("task", "A secret plan"), rows.request(4, 40)])
    batch = read_all(task.root, options=Options(pricer, prompt_chars=0))
    assert [turn.text for turn in batch.turns] == [""]
    assert [one.title for one in batch.sessions] == [None]
    assert batch.turns[0].chars == len("A secret plan")


def test_texts_are_kept_on_one_line_without_terminal_escapes(task: Any, rows: Any, read_all: ReadAll) -> None:
    task.write([rows.say("task", "Do\n\x1b[31mthis\x1b[0m"), rows.request(4, 40)])
    assert "\x1b" not in read_all(task.root).turns[0].text
