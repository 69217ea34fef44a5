"""Answers of gateways whose message ids tell them from no other, and that name no request."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from store.ledger import open_ledger
from tests.unit.ledger.plain import FILE, OTHER, SESSION, answer, at, encoded, prompt, usage
from tests.unit.ledger.reading import take_in, write_tree

from .reading import calls_of

CLOCKS = ["msg_20261120120003", "20261120120003", "chatcmpl-1795182003"]


def nameless(number: int, message_id: str | None, prompt_tokens: int, **changes: Any) -> dict[str, Any]:
    """A line of an answer to a prompt of that size."""
    output = changes.pop("output", 50)
    no_cache = {"cache_read_input_tokens": 0, "cache_creation_input_tokens": 0, "cache_creation": ...}
    counts = usage(input_tokens=prompt_tokens, output_tokens=output, **no_cache)
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


@pytest.mark.parametrize("message_id", ["relay", "", None, CLOCKS[0]])
@pytest.mark.parametrize("first", [0, 900], ids=["counts nothing at first", "guesses at first"])
def test_the_lines_of_an_answer_are_one_call_whatever_its_first_line_counts(
    message_id: str | None, first: int, tmp_path: Path
) -> None:
    """Also when they are read one by one, as by a watcher."""
    later = CLOCKS[0][:-1] + "7" if message_id == CLOCKS[0] else message_id
    lines = [
        nameless(1, message_id, first, output=0, uuid="a"),
        nameless(2, message_id, first, output=0, uuid="b", parentUuid="a"),
        nameless(3, message_id, 1000, uuid="c", parentUuid="b"),
        prompt(second=4),
        nameless(5, later, first + 100 if first else 0, output=0, uuid="d", parentUuid="p"),
        nameless(6, later, 1200, uuid="e", parentUuid="d"),
    ]
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        for count in range(len(lines)):
            take_in(db, write_tree(tmp_path / "claude", {FILE: encoded(*lines[: count + 1])}))
        calls = db.execute("SELECT message_id, input, output FROM call ORDER BY input").fetchall()
    assert [call[1:] for call in calls] == [(1000, 50), (1200, 50)]
    assert [(call.message_id, call.input, call.output) for call in calls_of(tmp_path / "once", *lines)] == calls


def test_an_agents_answer_within_progress_records_is_one_call_whatever_its_first_line_counts(tmp_path: Path) -> None:
    asked = {"type": "user", "uuid": "u1", "timestamp": at(3), "message": {"role": "user", "content": "go on"}}
    inner = [nameless(1, "relay", 0, output=0), nameless(2, "relay", 1000), asked, nameless(5, "relay", 1200)]
    around = {"type": "progress", "sessionId": SESSION, "timestamp": at(9)}
    calls = calls_of(
        tmp_path, *({**around, "data": {"type": "agent_progress", "agentId": "a1", "message": one}} for one in inner)
    )
    assert [(call.input, call.output) for call in calls] == [(1000, 50), (1200, 50)]


def test_answers_that_count_no_prompt_are_distinguished_by_their_times(tmp_path: Path) -> None:
    calls = calls_of(tmp_path, *(nameless(number, "relay", 0) for number in (1, 1, 2)))
    assert [call.output for call in calls] == [50, 50]
