"""What a tool was used on, as the ledger keeps it of any agent."""

from tracker.sources.text import opening

_TARGET_CHARS = 300


def tool_target(text: str) -> str:
    """What a tool was used on."""
    return opening(text, _TARGET_CHARS)


def todo_target(closed: int, entries: int, *, is_busy: bool) -> str:
    """The state of a to-do list as the target of the tool that wrote it (ToolFlag.TODOS)."""
    return f"{closed}/{entries}{'+' if is_busy else ''}"
