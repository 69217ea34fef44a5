"""Tool uses of a piece: what the assistant asked for, joined with the result where both stand in the piece."""

import msgspec

from store.records import ToolFlag, ToolUse
from tracker.sources.claude_code.lines import (
    Block,
    Line,
    ToolInput,
    decode_content,
    decode_extra,
    decode_input,
    joined_text,
)
from tracker.sources.claude_code.text import command_flags, commit_in, opening

_EDIT_TOOLS = frozenset({"Edit", "MultiEdit", "Write", "NotebookEdit"})
_READ_TOOLS = frozenset({"Read", "Grep", "Glob", "LS", "WebFetch", "WebSearch", "NotebookRead"})
_AGENT_TOOLS = frozenset({"Task", "Agent"})
_TARGET_CHARS = 300


def asked(
    block: Block, agent: str, session: str, chain: str, turn: str | None, position: int, at: int, message_id: str | None
) -> ToolUse:
    """The record of a `tool_use` block."""
    name = block.name or "?"
    target: str | None = None
    flags = 0
    if len(memoryview(block.input)) > 2:
        try:
            given = decode_input(block.input)
        except msgspec.DecodeError:
            given = ToolInput()
        target, flags = _target(name, given)
    if name in _EDIT_TOOLS:
        flags |= ToolFlag.EDIT
    elif name in _AGENT_TOOLS:
        flags |= ToolFlag.AGENT
    elif name in _READ_TOOLS:
        flags |= ToolFlag.READ
    return ToolUse(agent, session, block.id or "", chain, turn, position, at, message_id, name, target, int(flags))


def _target(name: str, given: ToolInput) -> tuple[str | None, int]:
    if given.command is not None:
        return opening(given.command, _TARGET_CHARS), command_flags(given.command)
    if given.todos is not None:
        closed = sum(1 for todo in given.todos if todo.status in ("completed", "cancelled"))
        busy = "+" if any(todo.status == "in_progress" for todo in given.todos) else ""
        return f"{closed}/{len(given.todos)}{busy}", int(ToolFlag.TODOS)
    if name in ("TaskCreate", "TaskUpdate"):
        return f"{given.taskId or 'new'}:{given.status or 'pending'}", int(ToolFlag.TODOS)
    if name in _AGENT_TOOLS:
        words = f"{given.subagent_type or 'agent'}: {given.description or ''}"
        return opening(words, _TARGET_CHARS), 0
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
        if text:
            return opening(text, _TARGET_CHARS), 0
    return None, 0


def results(
    line: Line,
    raw: bytes,
    blocks: list[Block],
    commits: set[str],
    agent: str,
    session: str,
    chain: str,
    turn: str | None,
    position: int,
    at: int,
) -> list[ToolUse]:
    """The records of the `tool_result` blocks of a user line; `commits` are ids whose output names a commit."""
    made = []
    for block in blocks:
        if block.type != "tool_result" or not block.tool_use_id:
            continue
        commit = None
        if block.tool_use_id in commits:
            commits.discard(block.tool_use_id)
            commit = commit_in(_text_of(block.content))
        spawned = None
        if b'"agentId"' in raw:
            try:
                spawned = decode_extra(line.toolUseResult).agentId
            except msgspec.DecodeError:
                spawned = None
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


def _text_of(content: msgspec.Raw) -> str:
    try:
        return joined_text(decode_content(content))
    except msgspec.DecodeError:
        return ""
