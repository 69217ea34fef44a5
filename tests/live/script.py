"""What the model server says: replies are values, and a marker in the prompt such as `[[tools]]` picks them.

The latest marker in the user's own words decides; each request with that marker takes the marker's next reply. Tool
results, reminders and other texts that a client adds around the words of the user are not searched.
"""

import re
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

MARKER = re.compile(r"\[\[([\w.-]+)\]\]")
REMINDER = re.compile(r"<system-reminder>.*?</system-reminder>", re.DOTALL)

Ending = Literal["complete", "cut", "error"]


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts of one call as a provider bills them; `input_tokens` excludes everything cached."""

    input_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_5m_tokens: int = 0
    cache_write_1h_tokens: int = 0
    output_tokens: int = 0

    @property
    def prompt_tokens(self) -> int:
        """Everything the model had to have before it: the size of the context."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_5m_tokens + self.cache_write_1h_tokens


@dataclass(frozen=True, slots=True)
class Text:
    """A text block."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A tool call; its id is made by the server, one per use."""

    name: str
    input: Mapping[str, Any]


Block = Text | ToolUse


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of the model, of one block or more.

    `usage` None lets the server's context simulation count the prompt, with `output_tokens` as the output.
    `model` None echoes the requested one. `delay_seconds` pass before the first byte. In a stream, `pause_seconds`
    pass after the first words, and `ending` "cut" then drops the connection, "error" sends an error event in place
    of the rest: both leave the call partly billed, by an amount that only a provider knows.
    """

    blocks: tuple[Block, ...]
    usage: Usage | None = None
    output_tokens: int = 40
    model: str | None = None
    stop_reason: str | None = None
    delay_seconds: float = 0.0
    pause_seconds: float = 0.0
    ending: Ending = "complete"
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def effective_stop_reason(self) -> str:
        """The given stop reason, or what the blocks imply."""
        if self.stop_reason is not None:
            return self.stop_reason
        return "tool_use" if any(isinstance(block, ToolUse) for block in self.blocks) else "end_turn"


@dataclass(frozen=True, slots=True)
class Failure:
    """An HTTP error in place of an answer; nothing is billed."""

    status: int
    error_type: str = "api_error"
    message: str = "scripted failure"
    delay_seconds: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)


Step = Reply | Failure


def say(text: str, **options: Any) -> Reply:
    """A reply of one text block; options as for `Reply`."""
    return Reply(blocks=(Text(text),), **options)


def use(name: str, tool_input: Mapping[str, Any], *, text: str = "", **options: Any) -> Reply:
    """A reply that calls one tool, after a few words if `text` is given; options as for `Reply`."""
    words: tuple[Block, ...] = (Text(text),) if text else ()
    return Reply(blocks=(*words, ToolUse(name, tool_input)), **options)


def limit_headers(five_hour_share: float, weekly_share: float, *, resets_at: int) -> dict[str, str]:
    """Headers of a subscription's answer: used shares (0 to 1) of both windows; `resets_at` is in epoch seconds."""
    prefix = "anthropic-ratelimit-unified"
    return {
        f"{prefix}-status": "allowed",
        f"{prefix}-5h-utilization": str(five_hour_share),
        f"{prefix}-5h-reset": str(resets_at),
        f"{prefix}-7d-utilization": str(weekly_share),
        f"{prefix}-7d-reset": str(resets_at),
    }


def user_words(message: Mapping[str, Any]) -> str:
    """The text blocks of a user message without tool results and reminders; empty for other roles."""
    if message.get("role") != "user":
        return ""
    content = message.get("content")
    if isinstance(content, str):
        return REMINDER.sub("", content)
    if not isinstance(content, list):
        return ""
    texts = [block.get("text", "") for block in content if block.get("type") == "text"]
    return REMINDER.sub("", "\n".join(texts))


def latest_marker(messages: Sequence[Mapping[str, Any]]) -> str | None:
    """The last marker in the user's words, without its brackets; None if there is none."""
    for message in reversed(messages):
        found = MARKER.findall(user_words(message))
        if found:
            return str(found[-1])
    return None


class Script:
    """Replies by marker, handed out in order to whichever request comes next; safe for use by many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._steps: dict[str, deque[Step]] = {}
        self._taken: dict[str, int] = {}

    def add(self, marker: str, *steps: Step) -> None:
        """Append steps to a marker's list."""
        with self._lock:
            self._steps.setdefault(marker, deque()).extend(steps)

    def take(self, marker: str | None) -> tuple[Step | None, int]:
        """The marker's next step and its number from 0; None when the list is used up or there is no marker."""
        if marker is None:
            return None, 0
        with self._lock:
            number = self._taken.get(marker, 0)
            self._taken[marker] = number + 1
            steps = self._steps.get(marker)
            return (steps.popleft() if steps else None), number

    def left_over(self) -> dict[str, int]:
        """Steps that no request has asked for, by marker: empty after a scenario that went as written."""
        with self._lock:
            return {marker: len(steps) for marker, steps in self._steps.items() if steps}
