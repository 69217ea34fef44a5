"""Tool uses of a piece: what the assistant asked for, joined with the result where both stand in the piece."""

import msgspec

from store.records import ToolFlag, ToolUse
from tracker.sources.claude_code.lines import (
    Block,
    Line,
    ToolInput,
    decode_content,
    decode_extra,
    joined_text,
)
from tracker.sources.claude_code.text import command_flags, commit_in, opening

_EDIT_TOOLS = frozenset({"Edit", "MultiEdit", "Write", "NotebookEdit"})
_READ_TOOLS = frozenset({"Read", "Grep", "Glob", "LS", "WebFetch", "WebSearch", "NotebookRead"})
_AGENT_TOOLS = frozenset({"Task", "Agent"})
_TARGET_CHARS = 300
COMMIT, AGENT_ID = "commit", "agent"  # what a result is awaited for
_EDIT, _AGENT, _READ, _TODOS = map(int, (ToolFlag.EDIT, ToolFlag.AGENT, ToolFlag.READ, ToolFlag.TODOS))


def asked(
    block: Block, agent: str, session: str, chain: str, turn: str | None, position: int, at: int, message_id: str | None
) -> ToolUse:
    """The record of a `tool_use` block."""
    name = block.name or "?"
    target, flags = _target(name, block.input) if block.input is not None else (None, 0)
    if name in _EDIT_TOOLS:
        flags |= _EDIT
    elif name in _AGENT_TOOLS:
        flags |= _AGENT
    elif name in _READ_TOOLS:
        flags |= _READ
    return ToolUse(agent, session, block.id or "", chain, turn, position, at, message_id, name, target, flags)


def _target(name: str, given: ToolInput) -> tuple[str | None, int]:
    if isinstance(given.command, str):
        return opening(given.command, _TARGET_CHARS), command_flags(given.command)
    if isinstance(given.todos, list):
        states = [todo.get("status") for todo in given.todos if isinstance(todo, dict)]
        closed = sum(state in ("completed", "cancelled") for state in states)
        return f"{closed}/{len(states)}{'+' if 'in_progress' in states else ''}", _TODOS
    if name in ("TaskCreate", "TaskUpdate"):
        return f"{given.taskId or 'new'}:{given.status or 'pending'}", _TODOS
    if name in _AGENT_TOOLS:
        return opening(f"{given.subagent_type or 'agent'}: {given.description or ''}", _TARGET_CHARS), 0
    for text in (
        given.file_path,
        given.notebook_path,
        given.url,
        given.pattern,
        given.query,
        given.path,
        given.skill,
        given.description,
    ):
        if text and isinstance(text, str):
            return opening(text, _TARGET_CHARS), 0
    return None, 0


def results(
    line: Line,
    blocks: list[Block],
    awaited: dict[str, str],
    agent: str,
    session: str,
    chain: str,
    turn: str | None,
    position: int,
    at: int,
) -> list[ToolUse]:
    """The records of the `tool_result` blocks of a user line.

    `awaited` are the ids whose result tells more than its size: which agent it started, which commit it made.
    """
    made = []
    for block in blocks:
        if block.type != "tool_result" or not block.tool_use_id:
            continue
        commit = spawned = None
        awaits = awaited.pop(block.tool_use_id, None) if awaited else None
        if awaits == COMMIT:
            commit = commit_in(_text_of(block.content))
        elif awaits == AGENT_ID:
            spawned = _agent_id(line)
        made.append(
            ToolUse(
                agent,
                session,
                block.tool_use_id,
                chain,
                turn,
                position,
                at,
                None,
                None,
                None,
                0,
                len(memoryview(block.content)),
                bool(block.is_error),
                spawned,
                commit,
            )
        )
    return made


def _agent_id(line: Line) -> str | None:
    try:
        return decode_extra(line.toolUseResult).agentId
    except msgspec.DecodeError:
        return None


def _text_of(content: msgspec.Raw) -> str:
    try:
        return joined_text(decode_content(content))
    except msgspec.DecodeError:
        return ""
