"""The decoded fields of the SDK store's files (CLINE section 2)."""

import re
from typing import NamedTuple

import msgspec

from tracker.sources.cline.rows import Number, decoded
from tracker.sources.text import without_elements
from tracker.sources.times import sane_ms

_USER_INPUT, _USER_INPUT_END = re.compile(r"<user_input\b([^<>]*)>"), "</user_input>"
_USER_COMMAND = re.compile(r"<user_command\b([^<>]*)>")
_SLASH = re.compile(r"\bslash=\"([^\"]+)\"")
_MODE = re.compile(r"\bmode=\"(\w+)\"")
_MODE_NOTICE = re.compile("<(mode_notice)>")
_START = re.compile(r"^(\d{13})_")
# Opening of the message that closes the part which was copied from a classic task.
_LEGACY_MARK = "Warning: this is a legacy conversation"
# User messages that Cline writes itself, by their metadata and by their words.
_OWN_KINDS = frozenset(
    "auto_compaction manual_compaction compaction compaction_summary compaction_budget_emergency completion_reminder"
    " loop_detection_notice mistake_stop_notice recovery_notice".split()
)
_OWN_DISPLAY_ROLES = frozenset(("system", "status", "error"))
# Tools whose result is the user's word, or the end.
_HANDED_OVER = frozenset(("ask_question", "submit_and_exit"))
_SWITCH_TO_ACT = "The user approved switching to act mode."
_TEAM_REPORT = "System-delivered teammate async run updates:"
_RESUMPTION = "[TASK RESUMPTION]"


class ModelInfo(msgspec.Struct):
    """Which model answered."""

    id: str | None = None
    provider: str | None = None


class Metrics(msgspec.Struct, rename="camel"):
    """Usage of the request that a message answers; `input_tokens` includes cache reads and writes."""

    input_tokens: Number | None = None
    output_tokens: Number | None = None
    cache_read_tokens: Number | None = None
    cache_write_tokens: Number | None = None
    reasoning_token_count: Number | None = None
    cost: Number | None = None


class Metadata(msgspec.Struct, rename="camel"):
    """What Cline notes about a message."""

    kind: str | None = None
    reason: str | None = None
    display_role: str | None = None
    user_run_span: Number | None = None
    generated_at: Number | None = None


class Message(msgspec.Struct, rename="camel"):
    """An element of `messages`."""

    id: str | None = None
    role: str | None = None
    content: msgspec.Raw = msgspec.Raw()
    ts: Number | None = None
    model_info: ModelInfo | None = None
    metrics: Metrics | None = None
    metadata: Metadata | None = None


class Block(msgspec.Struct):
    """A content block."""

    type: str | None = None
    text: str | None = None
    id: str | None = None
    name: str | None = None
    input: msgspec.Raw = msgspec.Raw(b"{}")
    tool_use_id: str | None = None
    content: msgspec.Raw = msgspec.Raw(b"null")
    is_error: bool | None = None


class Origin(msgspec.Struct):
    """Which program wrote the transcript."""

    source: str | None = None
    version: str | None = None


class Transcript(msgspec.Struct):
    """`<session>.messages.json`, also `<session>.compaction.json`."""

    messages: list[msgspec.Raw]
    origin: Origin | None = None
    updated_at: str | None = None


class Spawn(msgspec.Struct):
    """The input of a tool that sets an agent to work."""

    task: str | None = None


decode_transcript = msgspec.json.Decoder(Transcript).decode
decode_message = msgspec.json.Decoder(Message).decode
decode_spawn = msgspec.json.Decoder(Spawn).decode
_decode_content = msgspec.json.Decoder(list[Block] | str).decode


def blocks_of(message: Message) -> list[Block]:
    """The content blocks; older files hold a plain text instead."""
    if not bytes(message.content):
        return []
    content = _decode_content(message.content)
    return [Block(type="text", text=content)] if isinstance(content, str) else content


def text_of(blocks: list[Block]) -> str:
    """The texts of content blocks, one below the other."""
    return "\n".join(block.text for block in blocks if block.type == "text" and block.text)


def asks_tool(blocks: list[Block]) -> bool:
    """Whether an answer calls a tool that Cline runs itself, so that another request follows."""
    return any(block.type == "tool_use" and block.name not in _HANDED_OVER for block in blocks)


class Prompt(NamedTuple):
    """A user message that starts a turn."""

    text: str
    mode: str | None
    is_resume: bool = False
    is_command: bool = False


def prompt_in(message: Message, blocks: list[Block]) -> Prompt | None:
    """What the user typed; None for tool results, reminders, queued text and other text in their name."""
    metadata = message.metadata or Metadata()
    if metadata.kind in _OWN_KINDS or metadata.display_role in _OWN_DISPLAY_ROLES or metadata.user_run_span == 0:
        return None
    if any(block.type in ("tool_result", "tool-result") for block in blocks):
        return None
    text = without_elements(text_of(blocks), _MODE_NOTICE).strip()
    typed = _USER_INPUT.search(text)
    end = -1 if typed is None else text.find(_USER_INPUT_END, typed.end())
    mode = None
    if typed is not None and end >= 0:
        found = _MODE.search(typed.group(1))
        mode, text = found.group(1) if found else None, text[typed.end() : end].strip()
    command = next(filter(None, (_SLASH.search(tag) for tag in _USER_COMMAND.findall(text))), None)
    if command is not None:
        return Prompt(f"/{command.group(1)}", mode, is_command=True)
    if text.startswith(_RESUMPTION):
        return Prompt("", mode, is_resume=True)
    if text.startswith((_SWITCH_TO_ACT, _TEAM_REPORT, _LEGACY_MARK)):
        return None
    has_attachment = any(block.type in ("file", "image") for block in blocks)
    return Prompt(text, mode) if text or has_attachment else None


def is_error_notice(message: Message) -> bool:
    """Whether Cline says in the agent's name that a request failed."""
    metadata = message.metadata or Metadata()
    return metadata.display_role == "error" or (message.id or "").startswith("error_")


def is_legacy_mark(message: Message) -> bool:
    """Whether everything up to this message was copied from a classic task (CLINE section 2, "Legacy task")."""
    return message.role == "user" and _LEGACY_MARK.encode() in bytes(message.content)


def started_at(session: str) -> int | None:
    """When a session began, as its id says; None for ids of other forms (a continued classic task has one)."""
    found = _START.match(session)
    return sane_ms(int(found.group(1))) if found else None


def decode_messages(elements: list[msgspec.Raw]) -> tuple[list[Message], int]:
    """The readable messages, and how many were not."""
    messages = [decoded(decode_message, element) for element in elements]
    return [message for message in messages if message is not None], messages.count(None)
