"""Answers of gateways whose message ids tell them from no other, and that name no request."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.ledger.plain import OTHER, SESSION, answer, prompt, usage

from .reading import calls_of

CLOCKS = ["msg_20261120120003", "20261120120003", "chatcmpl-1795182003"]


def nameless(number: int, message_id: str | None, prompt_tokens: int, **changes: Any) -> dict[str, Any]:
    """A line of an answer to a prompt of that size."""
    output = changes.pop("output", 50)
    counts = usage(input_tokens=prompt_tokens, output_tokens=output)
    return answer(number, requestId=..., message={"id": message_id, "usage": counts}, **changes)


@pytest.mark.parametrize("message_id", CLOCKS)
def test_agents_that_are_answered_in_the_same_second_make_two_calls(message_id: str, tmp_path: Path) -> None:
    lines = [
        nameless(1, message_id, 500, isSidechain=True, agentId=agent, output=output)
        for agent in ("a1", "a2")
        for output in (3, 40)
    ]
    calls = calls_of(tmp_path, prompt(), *lines)
    assert [(call.chain, call.output) for call in calls] == [("a1", 40), ("a2", 40)]
    assert len({call.message_id for call in calls}) == 2


@pytest.mark.parametrize("message_id", ["relay", "", None])
def test_where_all_answers_have_one_id_each_prompt_makes_a_call(message_id: str | None, tmp_path: Path) -> None:
    """Its lines are one, also where the client writes the history again under new line ids."""
    lines = [nameless(number, message_id, 1000 * number) for number in (1, 1, 2, 2, 3)]
    again = [{**line, "uuid": f"again-{index}"} for index, line in enumerate(lines)]
    calls = calls_of(tmp_path, prompt(), *lines, *again)
    assert [call.input for call in calls] == [1000, 2000, 3000]


def test_sessions_do_not_share_a_call_because_they_share_a_word(tmp_path: Path) -> None:
    (here,) = calls_of(tmp_path / "a", nameless(1, "relay", 1000))
    (there,) = calls_of(tmp_path / "b", nameless(1, "relay", 1000, session=OTHER))
    assert here.message_id != there.message_id


@pytest.mark.parametrize("message_id", ["relay", CLOCKS[0]])
@pytest.mark.parametrize("mark", [{"requestSessionId": SESSION}, {"forkedFrom": {"sessionId": SESSION}}])
def test_a_copy_in_a_fork_has_the_name_of_the_original(message_id: str, mark: dict[str, Any], tmp_path: Path) -> None:
    (original,) = calls_of(tmp_path / "a", nameless(1, message_id, 1000))
    (copy,) = calls_of(tmp_path / "b", nameless(1, message_id, 1000, session=OTHER, **mark))
    assert copy.message_id == original.message_id


def test_an_agents_answer_within_a_progress_record_has_the_name_that_it_has_in_the_agents_file(tmp_path: Path) -> None:
    own = nameless(1, "relay", 1000, isSidechain=True, agentId="a1")
    around = {"type": "progress", "sessionId": SESSION, "uuid": "p1", "timestamp": own["timestamp"]}
    data = {"type": "agent_progress", "agentId": "a1", "message": own}
    (embedded,) = calls_of(tmp_path / "a", prompt(), {**around, "data": data})
    name = f"-home-dev-app/{SESSION}/subagents/agent-a1.jsonl"
    (written,) = calls_of(tmp_path / "b", own, name=name)
    assert embedded.message_id == written.message_id
    assert embedded.chain == written.chain == "a1"


def test_an_id_like_any_other_joins_its_lines_whatever_they_count(tmp_path: Path) -> None:
    lines = [nameless(1, "msg_ad25fec5eebbed577b90", size, output=output) for size, output in ((300, 1), (12_000, 9))]
    (call,) = calls_of(tmp_path, prompt(), *lines)
    assert (call.message_id, call.input) == ("msg_ad25fec5eebbed577b90", 12_000)


def test_an_answer_that_counts_no_prompt_keeps_its_id(tmp_path: Path) -> None:
    counts = usage(input_tokens=0, cache_read_input_tokens=0, cache_creation_input_tokens=0, cache_creation=...)
    (call,) = calls_of(tmp_path, answer(1, requestId=..., message={"id": "relay", "usage": counts}))
    assert call.message_id == "relay"
