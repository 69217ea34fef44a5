"""Tool calls of both stores as ToolUse records: their targets, not their content.

`bare`: a tool call with only its id and position.
"""

import re

import msgspec

from store.records import NAME_CHARS, ToolFlag, ToolUse
from tracker.sources.base import DECODE_ERRORS
from tracker.sources.check_output import tells_failure
from tracker.sources.cline.rows import decode_tool, decoded
from tracker.sources.commands import command_flags, commit_in
from tracker.sources.text import todo_target, tool_target

APPROVAL_SUFFIX = "REQ_APP"
_EXIT_CODE = re.compile(r"exit code:? (\d+)")
_WHOLE_ID_CHARS = 20

_EDITS = (
    "editedExistingFile newFileCreated fileDeleted appliedDiff insertContent searchAndReplace editor apply_patch"
    " write_to_file replace_in_file"
).split()
_READS = (
    "readFile listFilesTopLevel listFilesRecursive listCodeDefinitionNames searchFiles codebaseSearch webFetch"
    " webSearch read_files read_file search_codebase search_files list_files fetch_web_content web_search"
).split()
_STARTS_OF_AGENTS = ("newTask", "use_subagents", "spawn_agent", "team_spawn_teammate", "team_run_task")
_FLAGS = {
    **dict.fromkeys(_EDITS, int(ToolFlag.EDIT)),
    **dict.fromkeys(_READS, int(ToolFlag.READ)),
    **dict.fromkeys(_STARTS_OF_AGENTS, int(ToolFlag.AGENT)),
}


def classic_tool(bare: ToolUse, text: str) -> ToolUse | None:
    """The record of a `tool` row; None if it names no tool."""
    used = decoded(decode_tool, text)
    if used is None or not used.tool:
        return None
    if used.todos is not None:
        closed = sum(1 for todo in used.todos if todo.status == "completed")
        busy = any(todo.status == "in_progress" for todo in used.todos)
        return _used(bare, used.tool, todo_target(closed, len(used.todos), is_busy=busy), int(ToolFlag.TODOS))
    target = used.path or used.regex or used.query or ""
    return _used(bare, used.tool, target, _FLAGS.get(used.tool, 0))


def classic_command(bare: ToolUse, text: str) -> ToolUse:
    """The record of a `command` row; its result follows in rows of its own."""
    command = text.removesuffix(APPROVAL_SUFFIX)
    return _used(bare, "execute_command", command, command_flags(command))


def checklist(bare: ToolUse, text: str) -> ToolUse | None:
    """The record of a `task_progress` row: a Markdown checklist. None if it has no entries."""
    entries = re.findall(r"^[^\S\n]*[-*] \[([ xX])\]", text, re.MULTILINE)
    if not entries:
        return None
    closed = sum(1 for entry in entries if entry != " ")
    return _used(bare, "task_progress", todo_target(closed, len(entries), is_busy=False), int(ToolFlag.TODOS))


def agents_started(bare: ToolUse) -> ToolUse:
    """The record of a `use_subagents` row."""
    return _used(bare, "use_subagents", "", int(ToolFlag.AGENT))


def with_output(use: ToolUse, output: str) -> ToolUse:
    """A command with (more of) its output."""
    commit = use.commit
    if commit is None and use.flags & ToolFlag.COMMIT:
        commit = commit_in(output)
    chars = (use.result_chars or 0) + len(output)
    return msgspec.structs.replace(use, result_chars=chars, commit=commit, flags=use.flags | _failed(use.flags, output))


def _failed(flags: int, output: str) -> int:
    return int(ToolFlag.FAILED) if flags & ToolFlag.CHECK and tells_failure(output) else 0


def with_exit_code(use: ToolUse, request: str) -> ToolUse:
    """A command with the exit code that the next request reports to the model."""
    found = _EXIT_CODE.search(request[:2000])
    return use if found is None else msgspec.structs.replace(use, is_error=found.group(1) != "0")


class _File(msgspec.Struct):
    path: str | None = None


class _Input(msgspec.Struct):
    """The inputs of SDK tools that name a target."""

    files: list[_File] | None = None
    commands: list[str] | None = None
    command: str | None = None
    path: str | None = None
    task: str | None = None
    query: str | None = None
    queries: list[str] | None = None
    pattern: str | None = None
    url: str | None = None


class _PartResult(msgspec.Struct):
    success: bool | None = None
    result: object = None


_INPUT = msgspec.json.Decoder(_Input)
_RESULTS = msgspec.json.Decoder(list[_PartResult] | _PartResult)
_TEXT = msgspec.json.Decoder(str)


def sdk_tool(bare: ToolUse, name: str, given: msgspec.Raw) -> ToolUse:
    """The record of a `tool_use` block."""
    flags = _FLAGS.get(name, 0)
    target = ""
    values = decoded(_INPUT.decode, given) or _Input()
    commands = values.commands or ([values.command] if values.command else [])
    if commands:
        target = " && ".join(commands)
        for command in commands:
            flags |= command_flags(command)
    elif values.files:
        target = values.files[0].path or ""
    else:
        first = (values.queries or [""])[0]
        target = values.path or values.task or values.query or first or values.pattern or values.url or ""
    return _used(bare, name, target, flags)


def with_result(use: ToolUse, content: msgspec.Raw, is_error: bool | None) -> ToolUse:
    """A tool call of the SDK with its `tool_result` block."""
    raw = bytes(content)
    failed = bool(is_error)
    outputs: list[str] = []
    try:
        text = _TEXT.decode(raw) if raw[:1] == b'"' else raw.decode("utf-8", "replace")
        outcome = _RESULTS.decode(text)
        parts = outcome if isinstance(outcome, list) else [outcome]
        failed = failed or any(part.success is False for part in parts)
        outputs = [part.result for part in parts if isinstance(part.result, str)]
    except DECODE_ERRORS:
        text = raw.decode("utf-8", "replace")
    return msgspec.structs.replace(
        use,
        flags=use.flags | _failed(use.flags, "\n".join(outputs)),
        result_chars=len(raw),
        is_error=failed,
        commit=commit_in(text) if use.flags & ToolFlag.COMMIT else None,
    )


def unique_id(raw_id: str, message_id: str) -> str:
    """An id that is unique in its session: some providers number their tool calls from zero in every answer."""
    return raw_id if len(raw_id) >= _WHOLE_ID_CHARS else f"{message_id}/{raw_id}"


def _used(bare: ToolUse, name: str, target: str, flags: int) -> ToolUse:
    return msgspec.structs.replace(bare, name=name[:NAME_CHARS], target=tool_target(target) or None, flags=flags)
