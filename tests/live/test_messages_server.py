"""The model server by itself, over plain HTTP; that its streams are well formed is for the real agents to judge."""

import http.client
import json
from typing import Any

import pytest

from .context import ContextSimulation, ContextSize
from .messages_server import MessagesServer
from .script import Ending, Failure, Reply, Text, ToolUse, Usage, say, use

MODEL = "claude-opus-5-5"
TOOLS = [{"name": "look", "description": "Looks", "input_schema": {"type": "object", "properties": {}}}]


def post(server: MessagesServer, body: object, *, route: str = "/v1/messages", timeout_seconds: float = 10) -> bytes:
    """The content of the answer to a POST, whatever its status."""
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=timeout_seconds)
    try:
        connection.request("POST", route, json.dumps(body), {"content-type": "application/json"})
        return connection.getresponse().read()
    finally:
        connection.close()


def conversation(*words: str, **fields: Any) -> dict[str, Any]:
    """A request whose user messages are `words`; the answers between them are made up."""
    messages: list[dict[str, str]] = []
    for word in words:
        messages += [{"role": "user", "content": word}, {"role": "assistant", "content": "Yes."}]
    return {"model": MODEL, "max_tokens": 100, "tools": TOOLS, "messages": messages[:-1], **fields}


def ask(server: MessagesServer, *words: str) -> dict[str, Any]:
    """The plain answer to a conversation."""
    return dict(json.loads(post(server, conversation(*words))))


def events(content: bytes) -> list[dict[str, Any]]:
    """The events of a stream."""
    lines = content.decode().splitlines()
    return [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]


def test_a_plain_answer_has_the_scripted_blocks_and_usage(server: MessagesServer) -> None:
    usage = Usage(3, 1000, 20, 40, 50)
    server.script("all", Reply(blocks=(Text("Words."), ToolUse("look", {"at": "it"})), usage=usage, model="other"))
    answer = ask(server, "Do it [[all]]")
    assert [block["type"] for block in answer["content"]] == ["text", "tool_use"]
    assert (answer["stop_reason"], answer["model"]) == ("tool_use", "other")
    billed = answer["usage"]
    assert (billed["input_tokens"], billed["cache_read_input_tokens"], billed["output_tokens"]) == (3, 1000, 50)
    assert billed["cache_creation_input_tokens"] == 60
    assert billed["cache_creation"] == {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 40}
    [call] = server.truth.calls
    assert (call.usage, call.billed, call.model, call.model_requested) == (usage, "yes", "other", MODEL)
    assert call.message_id == answer["id"]


def test_a_stream_carries_blocks_in_pieces_and_the_output_count_at_its_end(server: MessagesServer) -> None:
    server.script("go", use("look", {"at": ["this", 1]}, text="Looking.", output_tokens=77))
    stream = events(post(server, conversation("Do [[go]]", stream=True)))
    assert stream[0]["message"]["usage"]["output_tokens"] == 3
    assert stream[-2]["usage"]["output_tokens"] == 77
    assert stream[-2]["delta"]["stop_reason"] == "tool_use"
    assert stream[-1] == {"type": "message_stop"}
    deltas = [event["delta"] for event in stream if event["type"] == "content_block_delta"]
    assert "".join(delta.get("text", "") for delta in deltas) == "Looking."
    assert json.loads("".join(delta.get("partial_json", "") for delta in deltas)) == {"at": ["this", 1]}


def test_a_cut_stream_breaks_off_and_is_partly_billed(server: MessagesServer) -> None:
    server.script("go", say("Never whole.", ending="cut"))
    with pytest.raises(http.client.IncompleteRead):
        post(server, conversation("Do [[go]]", stream=True))
    assert [call.billed for call in server.truth.calls] == ["partial"]


def test_a_failing_stream_ends_with_an_error_event_and_is_partly_billed(server: MessagesServer) -> None:
    server.script("go", say("Never whole.", ending="error"))
    stream = events(post(server, conversation("Do [[go]]", stream=True)))
    assert [stream[0]["type"], stream[-1]["type"]] == ["message_start", "error"]
    assert [call.billed for call in server.truth.calls] == ["partial"]


@pytest.mark.parametrize("ending", ["cut", "error"])
def test_a_plain_answer_cannot_break_off(server: MessagesServer, ending: Ending) -> None:
    server.script("go", say("Whole.", ending=ending))
    assert ask(server, "Do [[go]]")["content"] == [{"type": "text", "text": "Whole."}]


def test_failures_come_as_http_errors_and_cost_nothing(server: MessagesServer) -> None:
    server.script("go", Failure(429, "rate_limit_error", "slow down"), say("Now."))
    assert ask(server, "Do [[go]]")["error"] == {"type": "rate_limit_error", "message": "slow down"}
    assert ask(server, "Do [[go]]")["stop_reason"] == "end_turn"
    assert [(call.status, call.billed) for call in server.truth.calls] == [(429, "no"), (200, "yes")]
    assert server.truth.total() == server.truth.calls[1].usage


def test_the_latest_marker_decides_and_each_request_takes_the_next_reply(server: MessagesServer) -> None:
    server.script("a", say("a0"), say("a1"))
    server.script("b", say("b0"))
    asked = [("[[a]]",), ("[[a]]", "[[b]]"), ("[[a]]", "go on"), ("[[a]]", "[[b]]"), ("no marker",)]
    assert [ask(server, *words)["content"][0]["text"] for words in asked] == ["a0", "b0", "a1", "Done.", "Done."]
    assert server.left_over() == {}


def test_steps_that_no_request_takes_are_left_over(server: MessagesServer) -> None:
    server.script("a", say("a0"), say("a1"))
    ask(server, "[[a]]")
    assert server.left_over() == {"a": 1}


def test_a_simulated_context_grows_is_cached_and_goes_cold(server: MessagesServer) -> None:
    server.context = ContextSimulation(ContextSize(prefix_tokens=10_000, base_tokens=140_000, message_tokens=1000))
    for words in (("one",), ("one", "two")):
        ask(server, *words)
    server.context.expire_cache()
    ask(server, "one", "two", "three")
    first, second, third = (call.usage for call in server.truth.calls)
    assert first == Usage(4, 0, 150_996, 0, 40)
    assert second == Usage(4, 150_996, 2000, 0, 40)
    assert third == Usage(4, 0, 154_996, 0, 40)


def test_an_answer_in_a_schema_follows_it(server: MessagesServer) -> None:
    fields = {"title": {"type": "string"}, "ok": {"type": "boolean"}, "kind": {"enum": ["a", "b"]}}
    schema = {"type": "object", "properties": fields, "required": ["title", "ok", "kind"]}
    asked = conversation("Name it", output_config={"format": {"type": "json_schema", "schema": schema}})
    answer = json.loads(json.loads(post(server, asked))["content"][0]["text"])
    assert answer == {"title": "Scripted", "ok": True, "kind": "a"}
    assert [call.kind for call in server.truth.calls] == ["side"]


def test_counting_tokens_is_free_and_other_routes_get_an_empty_answer(server: MessagesServer) -> None:
    assert json.loads(post(server, conversation("x"), route="/v1/messages/count_tokens")) == {"input_tokens": 12_500}
    assert json.loads(post(server, {"any": "thing"}, route="/api/event_logging")) == {}
    assert [exchange.kind for exchange in server.truth.exchanges] == ["count_tokens", "other"]
    assert server.truth.calls == []


def test_the_truth_finds_a_text_in_request_bodies_whatever_its_escapes(server: MessagesServer) -> None:
    ask(server, 'He said "stop" – \n now')
    assert len(server.truth.containing('"stop" – \n')) == 1
    assert server.truth.containing("stopped") == []


def test_a_client_that_does_not_wait_for_a_late_answer_is_not_billed(server: MessagesServer) -> None:
    server.script("go", say("Late.", delay_seconds=60))
    with pytest.raises(TimeoutError):
        post(server, conversation("Do [[go]]"), timeout_seconds=0.3)
    server.wait_idle(quiet_seconds=0.05, timeout_seconds=5)
    assert [(call.billed, call.done) for call in server.truth.calls] == [("no", True)]


def test_waiting_in_vain_tells_what_came_in(server: MessagesServer) -> None:
    ask(server, "Do [[go]]")
    with pytest.raises(TimeoutError, match="1 calls: 0 main go#0"):
        server.wait_for_calls(2, timeout_seconds=0.1)
