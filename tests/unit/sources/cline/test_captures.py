"""Every capture of the real clients: what is recorded equals what the server answered.

The exceptions are rules of Cline's, each with its reason:

* classic store, Anthropic: `tokensOut` is the output count of the stream's start plus the final one. The call holds
  Cline's number and is marked ESTIMATED.
* a stream that broke: the classic store keeps the count of its start; marked OUTPUT_IS_FLOOR.
* classic subagents: one row sums up all requests of a batch; marked ESTIMATED.
* the SDK store's compaction request (v3-tui-compact, the third answer) is recorded nowhere.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from store.records import Batch, Call, CallFlag, EventKind

ReadAll = Callable[..., Batch]
Served = dict[str, Any]
UNRECORDED = {"v3-tui-compact": (2,)}
SUMMED = {"v2-subagent": (1, 2, 3, 4)}
CLASSIC = ("v2-condense", "v2-error-retry", "v2-hooks", "v2-subagent", "v2-tools-followup")
SDK = ("v3-error-retry", "v3-hooks", "v3-simple", "v3-subagent", "v3-tools-followup", "v3-tui-compact")


def tokens(call: Call) -> tuple[int, int, int, int]:
    return call.input, call.cache_read, call.write_5m + call.write_1h, call.output


def true_tokens(served: Served) -> tuple[int, int, int, int]:
    usage = served["usage"]
    return (
        usage["input_tokens"],
        usage["cache_read_input_tokens"],
        usage["cache_creation_input_tokens"],
        usage["output_tokens"],
    )


def as_classic_cline_counts(served: Served) -> tuple[int, int, int, int]:
    given, read, written, output = true_tokens(served)
    start = served["usage"]["start_output_tokens"]
    return given, read, written, start if served.get("cut") else output + start


@pytest.mark.parametrize("name", SDK)
def test_sdk_sessions_record_each_answer_exactly(
    name: str, capture: Callable[[str], Path], truth: Callable[[str], list[Served]], read_all: ReadAll
) -> None:
    batch = read_all(capture(name))
    served = [one for index, one in enumerate(truth(name)) if index not in UNRECORDED.get(name, ())]
    assert Counter(tokens(call) for call in batch.calls) == Counter(true_tokens(one) for one in served)
    assert not any(call.flags & (CallFlag.ESTIMATED | CallFlag.OUTPUT_IS_FLOOR) for call in batch.calls)
    assert batch.bad_lines == 0


@pytest.mark.parametrize("name", CLASSIC)
def test_classic_tasks_record_each_answer_with_its_start_counted_twice(
    name: str, capture: Callable[[str], Path], truth: Callable[[str], list[Served]], read_all: ReadAll
) -> None:
    batch = read_all(capture(name))
    served = truth(name)
    alone = [one for index, one in enumerate(served) if index not in SUMMED.get(name, ())]
    main = [call for call in batch.calls if not call.chain]
    assert [tokens(call) for call in main] == [as_classic_cline_counts(one) for one in alone]
    for call, one in zip(main, alone, strict=True):
        expected = CallFlag.OUTPUT_IS_FLOOR if one.get("cut") else CallFlag.ESTIMATED
        assert call.flags & (CallFlag.ESTIMATED | CallFlag.OUTPUT_IS_FLOOR) == expected
    assert batch.bad_lines == 0


def test_a_batch_of_classic_subagents_is_one_call_with_the_sum_of_its_answers(
    capture: Callable[[str], Path], truth: Callable[[str], list[Served]], read_all: ReadAll
) -> None:
    served = truth("v2-subagent")
    parts = [as_classic_cline_counts(served[index]) for index in SUMMED["v2-subagent"]]
    [call] = [call for call in read_all(capture("v2-subagent")).calls if call.chain]
    assert tokens(call) == tuple(sum(column) for column in zip(*parts, strict=True))
    assert call.flags & CallFlag.ESTIMATED


def test_an_openai_compatible_server_counts_cached_tokens_as_input(
    capture: Callable[[str], Path], truth: Callable[[str], list[Served]], read_all: ReadAll
) -> None:
    calls = read_all(capture("v2-openai-priced")).calls
    for call, served in zip(calls, truth("v2-openai-priced"), strict=True):
        usage = served["usage"]
        cached = usage["prompt_tokens_details"]["cached_tokens"]
        assert tokens(call) == (usage["prompt_tokens"] - cached, cached, 0, usage["completion_tokens"])


def test_our_price_of_cached_tokens_is_right_where_clines_is_six_times_too_high(
    capture: Callable[[str], Path], read_all: ReadAll
) -> None:
    _, second = read_all(capture("v2-openai-priced")).calls
    assert (second.cost, second.reported_cost) == (5_193_000, 32_073_000)


@pytest.mark.parametrize("name", [*CLASSIC, *SDK])
def test_on_anthropic_our_price_of_clines_counts_is_clines_own_cost(
    name: str, capture: Callable[[str], Path], read_all: ReadAll
) -> None:
    for call in read_all(capture(name)).calls:
        assert call.cost == call.reported_cost
        assert call.price_id == "claude-sonnet-4-5-20250929@list"


def test_a_session_leaves_its_subagents_out_of_its_own_total(capture: Callable[[str], Path], read_all: ReadAll) -> None:
    batch = read_all(capture("v3-subagent"))
    [total] = batch.totals
    by_chain = Counter[bool]()
    for call in batch.calls:
        by_chain[bool(call.chain)] += call.cost or 0
    assert total.cost == by_chain[False]
    assert by_chain[True] == 21_357_900


def test_subagents_of_a_session_are_tied_to_the_turn_and_the_tool_call_that_started_them(
    capture: Callable[[str], Path], read_all: ReadAll
) -> None:
    batch = read_all(capture("v3-subagent"))
    [turn] = batch.turns
    started = {chain.spawn_tool_use for chain in batch.chains if chain.kind == "subagent"}
    assert started == {use.id for use in batch.tools if use.name == "spawn_agent"}
    assert {call.turn for call in batch.calls} == {turn.prompt_uuid}
    assert {chain.prompt_id for chain in batch.chains if chain.key} == {turn.prompt_id}


def test_tasks_know_where_they_ran(capture: Callable[[str], Path], read_all: ReadAll) -> None:
    [from_rows] = [one for one in read_all(capture("v2-tools-followup")).sessions if one.rank == 2]
    assert (from_rows.cwd, from_rows.version) == ("/home/dev/v2-tools-followup/work", "3.82.0")
    assert (from_rows.title, from_rows.billing) == ("Create hello.py and run it", "api")
    manifest, transcript = read_all(capture("v3-tools-followup")).sessions
    assert (manifest.cwd, manifest.branch) == ("/home/dev/v3-tools-followup/work", "master")
    assert manifest.native_id == transcript.native_id == "1795225795887_b2hvc"
    assert manifest.version == transcript.version == "3.0.65"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("v2-tools-followup", ["mode", "completion", "resume", "feedback", "completion"]),
        ("v2-condense", ["mode", "compact", "completion"]),
        ("v2-error-retry", ["mode", "api_error", "completion"]),
        ("v2-subagent", ["mode", "completion"]),
        ("v2-openai-priced", ["mode", "completion"]),
        ("v3-simple", ["mode", "completion"]),
        ("v3-tui-compact", ["mode", "compact"]),
    ],
)
def test_marks_of_a_task(name: str, expected: list[str], capture: Callable[[str], Path], read_all: ReadAll) -> None:
    events = sorted(read_all(capture(name)).events, key=lambda event: event.position)
    assert [event.kind for event in events] == expected


def test_condensing_tells_how_large_the_context_was(capture: Callable[[str], Path], read_all: ReadAll) -> None:
    [classic] = [one for one in read_all(capture("v2-condense")).events if one.kind == EventKind.COMPACT]
    assert (classic.detail, classic.tokens_before) == ("auto", 6 + 171_832 + 1_913)
    [sdk] = [one for one in read_all(capture("v3-tui-compact")).events if one.kind == EventKind.COMPACT]
    assert sdk.tokens_before == 33_751 + 322


def test_a_cut_stream_and_its_retry_are_two_calls(capture: Callable[[str], Path], read_all: ReadAll) -> None:
    batch = read_all(capture("v2-error-retry"))
    assert [call.retries for call in batch.calls] == [0, 0, 1]
    [error] = [event for event in batch.events if event.kind == EventKind.API_ERROR]
    assert error.detail == "UND_ERR_SOCKET"


def test_a_follow_up_is_a_turn_that_opens_the_task_again(capture: Callable[[str], Path], read_all: ReadAll) -> None:
    batch = read_all(capture("v2-hooks"))
    assert [turn.text for turn in batch.turns] == ["Create hello.py and run it", "How many lines?"]
    second = batch.turns[1]
    [feedback] = [event for event in batch.events if event.kind == EventKind.FEEDBACK]
    assert feedback.at == second.at
    assert [call.turn for call in batch.calls].count(second.prompt_uuid) == 2


def test_tools_tell_what_they_touched(capture: Callable[[str], Path], read_all: ReadAll) -> None:
    classic = {use.name: use for use in read_all(capture("v2-tools-followup")).tools}
    assert classic["newFileCreated"].target == "hello.py"
    assert (classic["execute_command"].is_error, classic["execute_command"].result_chars) == (False, 11)
    sdk = read_all(capture("v3-tools-followup")).tools
    assert [use.name for use in sdk] == ["read_files", "run_commands", "editor", "run_commands"]
    assert [use.is_error for use in sdk] == [False, False, False, True]
