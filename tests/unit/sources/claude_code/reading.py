"""Reads single transcripts with the source alone: what it hands to the ledger."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from store.records import Batch, Call, Event, EventKind
from tests.unit.ledger.plain import FILE, SESSION, answer, encoded, prompt
from tests.unit.ledger.reading import price_book
from tracker.sources.base import Options, ReadState
from tracker.sources.claude_code import ClaudeCodeSource


def batch_of(place: Path, *lines: Mapping[str, Any], name: str = FILE, prompt_chars: int = 200) -> Batch:
    """The observations of one file with these lines."""
    path = place / "projects" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(*map(dict, lines)))
    pieces = read(place, name, prompt_chars=prompt_chars)
    assert len(pieces) == 1
    return pieces[0]


def read(place: Path, name: str = FILE, state: ReadState | None = None, *, prompt_chars: int = 200) -> list[Batch]:
    """All pieces of a file."""
    source = ClaudeCodeSource()
    file = next(file for file in source.discover(place) if file.path.endswith(name))
    return [piece.batch for piece in source.read(file, state, Options(price_book(), prompt_chars))]


def calls_of(place: Path, *lines: Mapping[str, Any], name: str = FILE) -> list[Call]:
    """The calls of one file with these lines."""
    return batch_of(place, *lines, name=name).calls


def marks(batch: Batch) -> list[Event]:
    """Its events but for what the agent said first."""
    return [event for event in batch.events if event.kind != EventKind.REPLY]


def tokens(call: Call) -> tuple[int, int, int, int, int]:
    """Input, cache read, 5 minute writes, 1 hour writes, output."""
    return call.input, call.cache_read, call.write_5m, call.write_1h, call.output


def result_line(second: int, tool: str, content: Any = "ok", **changes: Any) -> dict[str, Any]:
    """A tool's result."""
    block = {"type": "tool_result", "tool_use_id": tool, "content": content, "is_error": False}
    return prompt("", second=second, message={"role": "user", "content": [block]}, **changes)


def use_line(number: int, name: str, **given: Any) -> dict[str, Any]:
    """A call that uses a tool; its id is toolu_NUMBER."""
    return answer(
        number, message={"content": [{"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": given}]}
    )


def embedded(line: Mapping[str, Any], agent: str = "ab1", kind: str = "agent_progress") -> dict[str, Any]:
    """A subagent's line inside a progress record, as older clients write it."""
    inner = {key: line[key] for key in ("type", "timestamp", "uuid", "requestId", "message") if key in line}
    data = {"type": kind, "agentId": agent, "message": inner}
    return {"type": "progress", "sessionId": SESSION, "timestamp": line["timestamp"], "data": data}
