"""Tool uses of a piece, each merged with its result where both are in the piece."""

import msgspec

from store.records import NAME_CHARS, ToolFlag, ToolUse
from tracker.sources.check_output import tells_failure
from tracker.sources.claude_code.fold import Place
from tracker.sources.claude_code.lines import (
    AGENT,
    Block,
    Line,
    ProgressLine,
    ToolInput,
    decode_content,
    decode_extra,
    decoded,
    joined_text,
)
from tracker.sources.commands import command_flags, commit_in
from tracker.sources.text import todo_target, tool_target

COMMIT, CHECK, CHECKED_COMMIT, AGENT_ID = "commit", "check", "checked commit", "agent"  # why a result is awaited
_TODOS, _COMMITS, _CHECKS = int(ToolFlag.TODOS), int(ToolFlag.COMMIT), int(ToolFlag.CHECK)
_SPAWNS, _FAILED = int(ToolFlag.AGENT), int(ToolFlag.FAILED)
_GOES_ON = "Command running in background"
_AGENT_TOOLS = ("Task", "Agent")
_SENDS = "SendMessage"  # to a teammate, or to a subagent that is taken up again
# Plain integers: enum arithmetic is too slow for what runs once a tool use.
_FLAGS_BY_NAME = {
    **dict.fromkeys(("Edit", "MultiEdit", "Write", "NotebookEdit"), int(ToolFlag.EDIT)),
    **dict.fromkeys(_AGENT_TOOLS, int(ToolFlag.AGENT)),
    **dict.fromkeys(("Read", "Grep", "Glob", "LS", "WebFetch", "WebSearch", "NotebookRead"), int(ToolFlag.READ)),
}


def tool_use(block: Block, place: Place, position: int, at: int, message_id: str | None) -> ToolUse:
    """The record of a `tool_use` block at byte `position`."""
    name = block.name or "?"
    target, flags = _target(name, block.input) if isinstance(block.input, ToolInput) else (None, 0)
    return ToolUse(
        AGENT,
        place.seen_session,
        block.id or "",
        place.chain,
        place.turn,
        position,
        at,
        message_id,
        name[:NAME_CHARS],
        target,
        flags | _FLAGS_BY_NAME.get(name, 0),
    )


def _target(name: str, given: ToolInput) -> tuple[str | None, int]:
    if isinstance(given.command, str):
        return tool_target(given.command), command_flags(given.command)
    if isinstance(given.todos, list):
        states = [todo.get("status") for todo in given.todos if isinstance(todo, dict)]
        closed = sum(state in ("completed", "cancelled") for state in states)
        return todo_target(closed, len(states), is_busy="in_progress" in states), _TODOS
    if name == "TaskUpdate" and not given.status:
        return None, 0  # says whose it is or what it waits for: its status stays
    if name in ("TaskCreate", "TaskUpdate"):
        return f"{given.taskId or 'new'}:{given.status or 'pending'}", _TODOS
    if name in _AGENT_TOOLS:
        return tool_target(f"{given.subagent_type or 'agent'}: {given.description or ''}"), 0
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
            return tool_target(text), 0
    return None, 0


def awaited_facts(use: ToolUse) -> str | None:
    """What to look for in the result besides its size (COMMIT, CHECK, both, AGENT_ID), if anything."""
    if use.flags & _COMMITS:
        return CHECKED_COMMIT if use.flags & _CHECKS else COMMIT
    if use.flags & _CHECKS:
        return CHECK
    return AGENT_ID if use.flags & _SPAWNS or use.name == _SENDS else None


def tool_result(
    block: Block, awaits: str | None, mates: dict[str, str], line: Line | ProgressLine, place: Place, at: int
) -> ToolUse:
    """The record of a `tool_result` block of the user line at `place`.

    `awaits`: as from `awaited_facts`. `mates`: teammates by name, updated here.
    """
    output = text_of(block.content) if awaits in (COMMIT, CHECK, CHECKED_COMMIT) else ""
    goes_on = awaits == CHECK and output.startswith(_GOES_ON)
    return ToolUse(
        AGENT,
        place.seen_session,
        block.tool_use_id or "",
        place.chain,
        place.turn,
        place.position,
        at,
        flags=_FAILED if awaits in (CHECK, CHECKED_COMMIT) and tells_failure(output) else 0,
        result_chars=len(memoryview(block.content)),
        is_error=None if goes_on else bool(block.is_error),
        spawned=_agent_id(line, mates) if awaits == AGENT_ID else None,
        commit=commit_in(output) if awaits in (COMMIT, CHECKED_COMMIT) else None,
    )


def join_halves(known: ToolUse, use: ToolUse) -> ToolUse:
    """Merge a tool use and its result into one record. A half that is already known changes nothing."""
    ask, answer = (known, use) if known.name is not None else (use, known)
    if ask.name is None or answer.result_chars is None:
        return known
    return msgspec.structs.replace(
        ask,
        flags=ask.flags | answer.flags,
        result_chars=answer.result_chars,
        is_error=answer.is_error,
        spawned=ask.spawned or answer.spawned,
        commit=ask.commit or answer.commit,
    )


def _agent_id(line: Line | ProgressLine, mates: dict[str, str]) -> str | None:
    extra = decoded(decode_extra, line.toolUseResult)
    if extra is None:
        return None
    found = extra.agentId or extra.resumedAgentId
    if found and isinstance(extra.name, str):
        mates[extra.name] = found
    if found is None and isinstance(extra.routing, dict):
        return mates.get(str(extra.routing.get("target")).removeprefix("@"))
    return found


def text_of(content: msgspec.Raw) -> str:
    """The text of a result; empty if it has none."""
    return joined_text(decoded(decode_content, content))
