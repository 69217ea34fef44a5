"""The decoded part of a transcript line: only the fields that the ledger needs; all others are skipped.

The formats are those of CLAUDE_CODE sections 1.2 to 1.8 and 8.
"""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import msgspec

from store.records import Agent
from tracker.sources.base import DECODE_ERRORS
from tracker.sources.bounds import LARGEST_COUNT, LARGEST_TOTAL, LARGEST_USD
from tracker.sources.times import LATEST_MS, iso_ms

AGENT = Agent.CLAUDE_CODE  # who writes these lines

Count = Annotated[int, msgspec.Meta(ge=0, le=LARGEST_COUNT)]
Total = Annotated[int, msgspec.Meta(ge=0, le=LARGEST_TOTAL)]
Usd = Annotated[float, msgspec.Meta(ge=0, le=LARGEST_USD)]


class CacheCreation(msgspec.Struct, gc=False):
    """Cache writes by lifetime."""

    ephemeral_5m_input_tokens: Count | None = None
    ephemeral_1h_input_tokens: Count | None = None


class ServerToolUse(msgspec.Struct, gc=False):
    """Server tools billed per request."""

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
    cache_creation: CacheCreation | None = None
    output_tokens: Count | None = None
    server_tool_use: ServerToolUse | None = None
    service_tier: str | None = None
    inference_geo: str | None = None
    iterations: list[Iteration] | None = None
    speed: str | None = None
    output_tokens_details: OutputDetails | None = None


class Diagnostics(msgspec.Struct, gc=False):
    """The API's own diagnosis of a cache miss."""

    cache_miss_reason: Any = None


class ToolInput(msgspec.Struct, gc=False):
    """The fields of tool inputs that name what a tool worked on. Any program may define a tool: types vary."""

    file_path: Any = None
    notebook_path: Any = None
    path: Any = None
    command: Any = None
    pattern: Any = None
    query: Any = None
    url: Any = None
    subject: Any = None
    description: Any = None
    subagent_type: Any = None
    skill: Any = None
    status: Any = None
    taskId: Any = None
    todos: Any = None


class Block(msgspec.Struct, gc=False):
    """A content block of a user or assistant message."""

    type: str | None = None
    id: str | None = None
    name: str | None = None
    text: msgspec.Raw = msgspec.Raw()
    input: ToolInput | str | None = None  # text from servers' own tools behind some gateways
    tool_use_id: str | None = None
    content: msgspec.Raw = msgspec.Raw()
    is_error: bool | None = None


class Message(msgspec.Struct, gc=False):
    """`message` of an assistant or user line."""

    model: str | None = None
    id: str | None = None
    content: list[Block] | str | None = None
    stop_reason: str | None = None
    usage: Usage | None = None
    diagnostics: Diagnostics | None = None


class ForkedFrom(msgspec.Struct, gc=False):
    """Origin of a line that `/branch` copied."""

    sessionId: str | None = None


class CompactMetadata(msgspec.Struct, gc=False):
    """Sizes around a compaction."""

    trigger: str | None = None
    preTokens: Count | None = None
    postTokens: Count | None = None


class Line(msgspec.Struct, gc=False):
    """A transcript line. Field names are the client's.

    Frequent fields are in the order in which clients write them, because the decoder tries the next one first.
    """

    parentUuid: str | None = None
    isSidechain: bool | None = None
    cwd: str | None = None
    sessionId: str | None = None
    version: str | None = None
    gitBranch: str | None = None
    agentId: str | None = None
    promptId: str | None = None
    message: Message | None = None
    requestId: str | None = None
    type: str | None = None
    data: msgspec.Raw = msgspec.Raw()
    uuid: str | None = None
    timestamp: str | None = None
    toolUseResult: msgspec.Raw = msgspec.Raw()
    parentToolUseID: str | None = None  # in progress records
    effort: str | None = None
    entrypoint: str | None = None
    subtype: str | None = None
    attributionAgent: str | None = None
    requestSessionId: str | None = None
    forkedFrom: ForkedFrom | None = None
    promptCacheRequested: str | None = None
    isMeta: bool | None = None
    permissionMode: str | None = None  # of what was submitted
    isCompactSummary: bool | None = None
    isApiErrorMessage: bool | None = None
    isAbortedMidStream: bool | None = None
    isVisibleInTranscriptOnly: bool | None = None
    compactMetadata: CompactMetadata | None = None
    content: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()
    originalModel: str | None = None
    fallbackModel: str | None = None
    # bookkeeping rows
    aiTitle: str | None = None
    customTitle: str | None = None
    summary: str | None = None
    leafUuid: str | None = None
    prUrl: str | None = None
    # in sessions of an agent team
    teamName: str | None = None
    agentName: str | None = None


class ToolResultExtra(msgspec.Struct, gc=False):
    """`toolUseResult` of an agent tool."""

    agentId: str | None = None
    resumedAgentId: str | None = None  # of a message to an agent that had ended
    name: Any = None  # of a teammate that was started
    routing: Any = None  # of a message to a teammate: its `target` is the name


class Progress(msgspec.Struct, gc=False):
    """`data` of a progress line that carries a subagent's message."""

    agentId: str | None = None
    message: "ProgressLine | None" = None


class ProgressLine(msgspec.Struct, gc=False):
    """The subagent's line inside a progress line."""

    type: str | None = None
    timestamp: str | None = None
    requestId: str | None = None
    uuid: str | None = None
    message: Message | None = None
    toolUseResult: msgspec.Raw = msgspec.Raw()


class SubagentFacts(msgspec.Struct, gc=False):
    """The `.meta.json` beside a subagent's transcript."""

    agentType: str | None = None
    toolUseId: str | None = None


class ModelUsage(msgspec.Struct, gc=False):
    """One model's part of a `cost-state` row."""

    inputTokens: Total | None = None
    outputTokens: Total | None = None
    cacheReadInputTokens: Total | None = None
    cacheCreationInputTokens: Total | None = None
    cacheCreationEphemeral1hInputTokens: Total | None = None
    webSearchRequests: Total | None = None
    costUSD: Usd | None = None


class CostState(msgspec.Struct, gc=False):
    """A `cost-state` row."""

    totalCostUSD: Usd
    sessionId: str | None = None
    startTime: Annotated[int, msgspec.Meta(ge=0, le=LATEST_MS)] | None = None
    modelUsage: dict[str, ModelUsage | None] | None = None
    hasUnknownModelCost: bool | None = None


Decoded = TypeVar("Decoded")


def decoded(decode: Callable[[bytes | msgspec.Raw], Decoded], raw: bytes | msgspec.Raw) -> Decoded | None:
    """Decode a part that was skipped at first, even if its text is not valid UTF-8; None if damaged or missing."""
    try:
        try:
            return decode(raw)
        except UnicodeDecodeError:
            return decode(bytes(raw).decode("utf-8", "replace").encode())
    except DECODE_ERRORS:
        return None


def joined_text(content: "list[Block] | str | None") -> str:
    """The text of a message's content; text blocks one a line."""
    if content is None or isinstance(content, str):
        return content or ""
    texts = (decoded(decode_text, block.text) for block in content if block.type == "text")
    return "\n".join(filter(None, texts))


decode_line = msgspec.json.Decoder(Line).decode
decode_lines = msgspec.json.Decoder(Line).decode_lines
decode_content = msgspec.json.Decoder(list[Block] | str).decode
decode_text = msgspec.json.Decoder(str).decode
decode_extra = msgspec.json.Decoder(ToolResultExtra).decode
decode_progress = msgspec.json.Decoder(Progress).decode
decode_subagent = msgspec.json.Decoder(SubagentFacts).decode
decode_cost_state = msgspec.json.Decoder(CostState).decode

_minute_starts: dict[str, int] = {}


def epoch_ms(timestamp: str | None) -> int | None:
    """As `iso_ms`, but faster for the format that clients write: the minute is cached."""
    if not timestamp or timestamp[23:] != "Z" or timestamp[19] != ".":
        return iso_ms(timestamp)
    minute = _minute_starts.get(timestamp[:17])
    if minute is None:
        minute = iso_ms(timestamp[:16])
        if minute is None:
            return None
        if len(_minute_starts) > 50_000:
            _minute_starts.clear()
        _minute_starts[timestamp[:17]] = minute
    try:
        return minute + int(timestamp[17:19] + timestamp[20:23])
    except ValueError:
        return None
