"""Forms of the Messages API: the JSON message, the events of a stream, errors. Pure functions, no socket."""

import json
from collections.abc import Iterator
from typing import Any

from .script import Block, Reply, Text, Usage

START_OUTPUT_TOKENS = 3  # a stream opens with a token or few; the true count comes with its last event but one


def usage_json(usage: Usage, *, output_tokens: int | None = None) -> dict[str, Any]:
    """The `usage` object; `output_tokens` overrides the count for the start of a stream."""
    return {
        "input_tokens": usage.input_tokens,
        "cache_creation_input_tokens": usage.cache_write_5m_tokens + usage.cache_write_1h_tokens,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write_5m_tokens,
            "ephemeral_1h_input_tokens": usage.cache_write_1h_tokens,
        },
        "output_tokens": usage.output_tokens if output_tokens is None else output_tokens,
        "service_tier": "standard",
        "inference_geo": "not_available",
    }


def block_json(block: Block, tool_use_id: str) -> dict[str, Any]:
    """A whole content block."""
    if isinstance(block, Text):
        return {"type": "text", "text": block.text}
    return {"type": "tool_use", "id": tool_use_id, "name": block.name, "input": dict(block.input)}


def message_json(reply: Reply, usage: Usage, *, message_id: str, model: str) -> dict[str, Any]:
    """The answer to a request that did not ask for a stream."""
    content = [block_json(block, tool_use_id(message_id, index)) for index, block in enumerate(reply.blocks)]
    return {
        "id": message_id,
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": content,
        "stop_reason": reply.effective_stop_reason,
        "stop_sequence": None,
        "usage": usage_json(usage),
    }


def tool_use_id(message_id: str, index: int) -> str:
    """An id for the block at `index`, unique as the message id is."""
    return f"toolu_{message_id.removeprefix('msg_')}_{index}"


def error_json(error_type: str, message: str, request_id: str) -> dict[str, Any]:
    """The body of an HTTP error."""
    return {"type": "error", "error": {"type": error_type, "message": message}, "request_id": request_id}


def opening_events(reply: Reply, usage: Usage, *, message_id: str, model: str) -> Iterator[bytes]:
    """Events up to the first words or the first tool name: what a client has seen when a stream breaks early."""
    start_tokens = min(START_OUTPUT_TOKENS, usage.output_tokens)
    message = message_json(reply, usage, message_id=message_id, model=model)
    message |= {"content": [], "stop_reason": None, "usage": usage_json(usage, output_tokens=start_tokens)}
    yield event("message_start", message=message)
    yield event("ping")
    yield from _block_start(reply.blocks[0], 0, message_id)


def closing_events(reply: Reply, usage: Usage, *, message_id: str) -> Iterator[bytes]:
    """The rest of the stream: the first block's body and end, the other blocks, the final usage."""
    for index, block in enumerate(reply.blocks):
        if index:
            yield from _block_start(block, index, message_id)
        yield event("content_block_delta", index=index, delta=_rest_of(block))
        yield event("content_block_stop", index=index)
    stop = {"stop_reason": reply.effective_stop_reason, "stop_sequence": None}
    yield event("message_delta", delta=stop, usage=usage_json(usage))
    yield event("message_stop")


def event(kind: str, **fields: Any) -> bytes:
    """One server-sent event."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def _block_start(block: Block, index: int, message_id: str) -> Iterator[bytes]:
    if isinstance(block, Text):
        yield event("content_block_start", index=index, content_block={"type": "text", "text": ""})
        first = {"type": "text_delta", "text": block.text[: len(block.text) // 2]}
        yield event("content_block_delta", index=index, delta=first)
    else:
        opened = block_json(block, tool_use_id(message_id, index)) | {"input": {}}
        yield event("content_block_start", index=index, content_block=opened)


def _rest_of(block: Block) -> dict[str, Any]:
    if isinstance(block, Text):
        return {"type": "text_delta", "text": block.text[len(block.text) // 2 :]}
    return {"type": "input_json_delta", "partial_json": json.dumps(dict(block.input))}
