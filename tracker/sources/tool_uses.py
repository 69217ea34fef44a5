"""What a tool was used on, and what came back, as the ledger keeps it of any agent."""

import msgspec

from store.records import ToolUse
from tracker.sources.text import opening

_TARGET_CHARS = 300


def tool_target(text: str) -> str:
    """What a tool was used on."""
    return opening(text, _TARGET_CHARS)


def todo_target(closed: int, entries: int, *, is_busy: bool) -> str:
    """The state of a to-do list as the target of the tool that wrote it (ToolFlag.TODOS)."""
    return f"{closed}/{entries}{'+' if is_busy else ''}"


def with_answer(asked: ToolUse, answer: ToolUse) -> ToolUse:
    """A tool use as it was asked for, with its result."""
    return msgspec.structs.replace(
        asked,
        flags=asked.flags | answer.flags,
        result_chars=answer.result_chars,
        is_error=answer.is_error,
        spawned=answer.spawned,
        commit=answer.commit,
    )
