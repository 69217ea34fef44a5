"""What is decoded of a transcript line: only the fields that the ledger needs; everything else is skipped unread.

The formats are those of CLAUDE_CODE sections 1.2 to 1.8 and 8.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

# Nothing a model call reports comes near this; larger numbers are damage, and SQLite's integers end at 2**63.
Count = Annotated[int, msgspec.Meta(ge=0, le=10**12)]


class CacheCreation(msgspec.Struct, gc=False):
    """Cache writes by lifetime."""

    ephemeral_5m_input_tokens: Count | None = None
    ephemeral_1h_input_tokens: Count | None = None


class ServerToolUse(msgspec.Struct, gc=False):
    """Server tools that are billed by request."""

    web_search_requests: Count | None = None


class OutputDetails(msgspec.Struct, gc=False):
    """Thinking is part of the output."""

    thinking_tokens: Count | None = None


class Iteration(msgspec.Struct, gc=False):
    """One inner request of a call."""

    type: str | None = None
    model: str | None = None
    input_tokens: Count | None = None
    cache_creation_input_tokens: Count | None = None
    cache_read_input_tokens: Count | None = None
    output_tokens: Count | None = None
    cache_creation: CacheCreation | None = None


class Usage(msgspec.Struct, gc=False):
    """`message.usage`."""

    input_tokens: Count | None = None
    cache_creation_input_tokens: Count | None = None
    cache_read_input_tokens: Count | None = None
    output_tokens: Count | None = None
    cache_creation: CacheCreation | None = None
    server_tool_use: ServerToolUse | None = None
    output_tokens_details: OutputDetails | None = None
    service_tier: str | None = None
    inference_geo: str | None = None
    speed: str | None = None
    iterations: list[Iteration] | None = None


class Diagnostics(msgspec.Struct, gc=False):
    """The API's own word on a cache miss."""

    cache_miss_reason: msgspec.Raw = msgspec.Raw()


class ToolInput(msgspec.Struct, gc=False):
    """The fields of tool inputs that name what a tool worked on. Any program may define a tool: types vary."""

    file_path: Any = None
    notebook_path: Any = None
    path: Any = None
    command: Any = None
    pattern: Any = None
    query: Any = None
    url: Any = None
    description: Any = None
    subagent_type: Any = None
    skill: Any = None
    status: Any = None
    taskId: Any = None
    todos: Any = None


class Block(msgspec.Struct, gc=False):
    """A content block of either side."""

    type: str | None = None
    id: str | None = None
    name: str | None = None
    text: msgspec.Raw = msgspec.Raw()
    input: ToolInput | None = None
    tool_use_id: str | None = None
    content: msgspec.Raw = msgspec.Raw()
    is_error: bool | None = None


class Message(msgspec.Struct, gc=False):
    """`message` of an assistant or user line."""

    id: str | None = None
    model: str | None = None
    content: list[Block] | str | None = None
    stop_reason: str | None = None
    usage: Usage | None = None
    diagnostics: Diagnostics | None = None


class ForkedFrom(msgspec.Struct, gc=False):
    """Origin of a line that `/branch` copied."""

    sessionId: str | None = None


class Origin(msgspec.Struct, gc=False):
    """Who wrote a user line."""

    kind: str | None = None


class CompactMetadata(msgspec.Struct, gc=False):
    """Sizes around a compaction."""

    trigger: str | None = None
    preTokens: Count | None = None
    postTokens: Count | None = None


class Line(msgspec.Struct, gc=False):
    """A transcript line. Field names are the client's."""

    type: str | None = None
    subtype: str | None = None
    uuid: str | None = None
    parentUuid: str | None = None
    timestamp: str | None = None
    sessionId: str | None = None
    isSidechain: bool | None = None
    agentId: str | None = None
    attributionAgent: str | None = None
    requestId: str | None = None
    requestSessionId: str | None = None
    forkedFrom: ForkedFrom | None = None
    promptId: str | None = None
    promptCacheRequested: str | None = None
    isMeta: bool | None = None
    isCompactSummary: bool | None = None
    isApiErrorMessage: bool | None = None
    isAbortedMidStream: bool | None = None
    isVisibleInTranscriptOnly: bool | None = None
    effort: str | None = None
    cwd: str | None = None
    version: str | None = None
    gitBranch: str | None = None
    entrypoint: str | None = None
    costUSD: float | None = None
    origin: Origin | None = None
    message: Message | None = None
    toolUseResult: msgspec.Raw = msgspec.Raw()
    data: msgspec.Raw = msgspec.Raw()
    compactMetadata: CompactMetadata | None = None
    content: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()
    originalModel: str | None = None
    fallbackModel: str | None = None
    # bookkeeping rows
    aiTitle: str | None = None
    customTitle: str | None = None
    summary: str | None = None
    prUrl: str | None = None
    operation: str | None = None


class ToolResultExtra(msgspec.Struct, gc=False):
    """`toolUseResult` of an agent tool."""

    agentId: str | None = None
    stdout: str | None = None


class Progress(msgspec.Struct, gc=False):
    """`data` of a progress line that carries a subagent's message."""

    type: str | None = None
    agentId: str | None = None
    message: "ProgressLine | None" = None


class ProgressLine(msgspec.Struct, gc=False):
    """The subagent's line inside a progress line."""

    type: str | None = None
    timestamp: str | None = None
    requestId: str | None = None
    uuid: str | None = None
    message: Message | None = None


class ModelUsage(msgspec.Struct, gc=False):
    """Per model part of a `cost-state` row."""

    inputTokens: Count | None = None
    outputTokens: Count | None = None
    cacheReadInputTokens: Count | None = None
    cacheCreationInputTokens: Count | None = None
    cacheCreationEphemeral1hInputTokens: Count | None = None
    webSearchRequests: Count | None = None
    costUSD: float | None = None


class CostState(msgspec.Struct, gc=False):
    """A `cost-state` row."""

    sessionId: str
    totalCostUSD: float
    startTime: Annotated[int, msgspec.Meta(ge=0, le=10**15)] | None = None
    modelUsage: dict[str, ModelUsage] = {}
    hasUnknownModelCost: bool | None = None


def joined_text(content: "list[Block] | str | None") -> str:
    """The text of a message's content; text blocks one a line."""
    if content is None or isinstance(content, str):
        return content or ""
    parts = []
    for block in content:
        if block.type == "text" and len(memoryview(block.text)) > 2:
            try:
                parts.append(decode_text(block.text))
            except msgspec.DecodeError:
                continue
    return "\n".join(parts)


decode_line = msgspec.json.Decoder(Line).decode
decode_content = msgspec.json.Decoder(list[Block] | str).decode
decode_text = msgspec.json.Decoder(str).decode
decode_extra = msgspec.json.Decoder(ToolResultExtra).decode
decode_progress = msgspec.json.Decoder(Progress).decode
decode_cost_state = msgspec.json.Decoder(CostState).decode

_minute_starts: dict[str, int] = {}


def epoch_ms(timestamp: str | None) -> int | None:
    """Epoch milliseconds of an ISO 8601 time, None if there is none or it makes no sense."""
    if not timestamp:
        return None
    try:
        if len(timestamp) == 24 and timestamp[23] == "Z" and timestamp[19] == ".":
            minute = _minute_starts.get(timestamp[:17])
            if minute is None:
                if len(_minute_starts) > 50_000:
                    _minute_starts.clear()
                start = datetime.fromisoformat(timestamp[:16]).replace(tzinfo=UTC)
                minute = _minute_starts[timestamp[:17]] = round(start.timestamp()) * 1000
            return minute + int(timestamp[17:19] + timestamp[20:23])
        moment = datetime.fromisoformat(timestamp)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return round(moment.timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        return None


def salvage(raw: bytes) -> tuple[list[Line], int]:
    """Records of a line that does not decode as one: two on a line, NULs or rubbish around them, wrong types.

    Returns the records and how many stretches had to be given up (0 if every byte was understood).
    """
    text = raw.strip(b"\0 \t\r\n").decode("utf-8", "replace")
    lines: list[Line] = []
    given_up = 0
    position = 0
    while position < len(text):
        try:
            value, position = _json.raw_decode(text, position)
        except (ValueError, RecursionError):
            given_up += 1
            following = [
                found for mark in ('{"parentUuid"', '{"type"') if (found := text.find(mark, position + 1)) > position
            ]
            if not following:
                break
            position = min(following)
            continue
        if isinstance(value, dict):
            line, damaged = _lenient(value)
            given_up += damaged
            lines.append(line)
        else:
            given_up += 1
        while position < len(text) and text[position] in "\0 \t\r\n":
            position += 1
    return lines, given_up


def _lenient(value: dict[str, Any]) -> tuple[Line, bool]:
    """Convert field by field, dropping what has the wrong type; True if something that counts was dropped."""
    kept: dict[str, Any] = {}
    damaged = False
    for name, item in value.items():
        if name not in Line.__struct_fields__:
            continue
        try:
            kept[name] = getattr(decode_line(msgspec.json.encode({name: item})), name)
        except msgspec.DecodeError:
            damaged = True
            if name == "message" and isinstance(item, dict):
                # Odd content must not cost the call: its usage is what counts.
                wanted = {key: item.get(key) for key in ("id", "model", "stop_reason", "usage")}
                try:
                    kept[name] = msgspec.convert(wanted, Message)
                except msgspec.ValidationError:
                    continue
    return Line(**kept), damaged


class _LazyJson:
    """The standard library's decoder, which reports where a value ends; needed for damaged lines only."""

    def raw_decode(self, text: str, position: int) -> tuple[Any, int]:
        import json

        return json.JSONDecoder().raw_decode(text, position)


_json = _LazyJson()
