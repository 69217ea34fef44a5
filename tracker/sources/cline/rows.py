"""The decoded fields of the classic store's files (CLINE section 3) and of Roo's (section 4)."""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from tracker.sources.base import DECODE_ERRORS

Number = int | float
Text = TypeVar("Text")
Held = TypeVar("Held")


class ModelInfo(msgspec.Struct, rename="camel"):
    """Which model answers, and in which mode (from version 3.37 on)."""

    provider_id: str | None = None
    model_id: str | None = None
    mode: str | None = None


class ContextCondense(msgspec.Struct, rename="camel"):
    """Roo's condensing: its cost, and the context before and after."""

    cost: Number | None = None
    prev_context_tokens: Number | None = None
    new_context_tokens: Number | None = None


class UiRow(msgspec.Struct, rename="camel"):
    """A row of `ui_messages.json`."""

    ts: Number
    type: str | None = None
    say: str | None = None
    ask: str | None = None
    text: str | None = None
    partial: bool | None = None
    model_info: ModelInfo | None = None
    conversation_history_deleted_range: list[Number] | None = None
    context_condense: ContextCondense | None = None
    context_truncation: ContextCondense | None = None

    @property
    def at(self) -> int:
        """Time of the row in epoch milliseconds."""
        return int(self.ts)

    @property
    def what(self) -> str:
        """Kind of the row, whether said or asked."""
        return (self.say if self.type == "say" else self.ask) or ""


class ApiRequest(msgspec.Struct, rename="camel"):
    """The text of a usage-bearing row."""

    request: str | None = None
    tokens_in: Number | None = None
    tokens_out: Number | None = None
    cache_writes: Number | None = None
    cache_reads: Number | None = None
    cost: Number | None = None
    cancel_reason: str | None = None
    streaming_failed_message: str | None = None
    api_protocol: str | None = None


class ErrorRetry(msgspec.Struct, rename="camel"):
    """The text of an `error_retry` row; `failed` repeats the error that is asked about next."""

    error_message: str | None = None
    delay_seconds: Number | None = None
    failed: bool | None = None


class Todo(msgspec.Struct):
    """An entry of Roo's to-do list."""

    status: str | None = None


class UsedTool(msgspec.Struct):
    """The text of a `tool` row."""

    tool: str | None = None
    path: str | None = None
    regex: str | None = None
    query: str | None = None
    todos: list[Todo] | None = None


class SubagentProgress(msgspec.Struct, rename="camel"):
    """The wanted part of a `subagent` row: the largest prompt among the agents."""

    max_context_tokens: Number | None = None


class ModelUse(msgspec.Struct):
    """An entry of `model_usage` in `task_metadata.json`."""

    ts: Number = 0
    model_id: str | None = None
    model_provider_id: str | None = None


class Environment(msgspec.Struct):
    """An entry of `environment_history` in `task_metadata.json`."""

    ts: Number = 0
    host_name: str | None = None
    cline_version: str | None = None


class TaskMetadata(msgspec.Struct):
    """The wanted part of `task_metadata.json`."""

    model_usage: list[ModelUse] = []
    environment_history: list[Environment] = []


class HistoryItem(msgspec.Struct, rename="camel"):
    """An entry of `taskHistory.json`; Roo's `history_item.json`."""

    id: str
    ts: Number | None = None
    task: str | None = None
    total_cost: Number | None = None
    cwd_on_task_initialization: str | None = None
    model_id: str | None = None
    workspace: str | None = None
    parent_task_id: str | None = None


class ApiMessage(msgspec.Struct):
    """A message of `api_conversation_history.json`; only Roo's is read, for the model's name."""

    role: str | None = None
    ts: Number | None = None


decode_row = msgspec.json.Decoder(UiRow).decode
decode_request = msgspec.json.Decoder(ApiRequest).decode
decode_retry = msgspec.json.Decoder(ErrorRetry).decode
decode_tool = msgspec.json.Decoder(UsedTool).decode
decode_progress = msgspec.json.Decoder(SubagentProgress).decode
decode_metadata = msgspec.json.Decoder(TaskMetadata).decode
decode_history_item = msgspec.json.Decoder(HistoryItem).decode
decode_api_message = msgspec.json.Decoder(ApiMessage).decode
# The undecoded elements of an array.
decode_elements = msgspec.json.Decoder(list[msgspec.Raw]).decode


def decoded(decode: Callable[[Text], Held], text: Text) -> Held | None:
    """The decoded text; None if it is torn, or of another type."""
    try:
        return decode(text)
    except DECODE_ERRORS:
        return None
