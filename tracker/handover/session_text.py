"""Reads a session's text, which the ledger does not store, from the agent's own files.

Unreadable parts are skipped: a brief may lack a line.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path

from tracker.pricing.names import SYNTHETIC
from tracker.sources.base import DECODE_ERRORS
from tracker.sources.claude_code.lines import Block, Line, Message, ToolInput, decode_line, joined_text
from tracker.sources.claude_code.prompts import classify
from tracker.sources.claude_code.tools import text_of
from tracker.sources.file_access import open_regular

_TODO_TOOLS = frozenset({"TodoWrite", "TaskCreate", "TaskUpdate"})
_CREATED = re.compile(r"Task #(\w+) created")  # the client's id of an entry; a list may continue from another session


@dataclass(slots=True)
class SessionText:
    """Prompts by record id, the agent's latest answer, its to-do list, and the wanted tool uses."""

    prompts: dict[str, str] = field(default_factory=dict)
    answer: str = ""
    is_answered: bool = False  # whether `answer` came after the latest prompt
    todos: dict[str, tuple[str, str]] = field(default_factory=dict)  # entry -> (status, text)
    outputs: dict[str, str] = field(default_factory=dict)
    commands: dict[str, str] = field(default_factory=dict)

    def asked(self, key: str, text: str) -> None:
        """Add a prompt."""
        self.prompts[key] = text.strip()
        self.is_answered = False

    def answered(self, text: str) -> None:
        """Set the agent's latest answer."""
        if text.strip():
            self.answer, self.is_answered = text.strip(), True


def read_session_text(paths: Iterable[Path], wanted_tools: Collection[str]) -> SessionText:
    """The text in a session's files, read in this order; missing files are skipped."""
    texts = SessionText()
    for path in paths:
        try:
            if path.suffix == ".jsonl":
                _add_claude_code_text(path, texts, wanted_tools)
            else:
                from tracker.handover.cline_text import add_cline_text

                add_cline_text(path, texts, wanted_tools)
        except OSError:
            continue
    return texts


def _add_claude_code_text(path: Path, texts: SessionText, wanted_tools: Collection[str]) -> None:
    with BufferedReader(open_regular(str(path))[0]) as file:
        for raw in file:
            try:
                line = decode_line(raw)
            except DECODE_ERRORS:
                continue
            if line.message is not None and not line.isSidechain:
                _take(line, line.message, texts, wanted_tools)


def _take(line: Line, message: Message, texts: SessionText, wanted_tools: Collection[str]) -> None:
    blocks = message.content if isinstance(message.content, list) else []
    text = joined_text(message.content).strip()
    if line.type == "assistant":
        if message.model != SYNTHETIC:
            texts.answered(text)
        for block in blocks:
            if block.type == "tool_use":
                _take_tool(block, texts, wanted_tools)
        return
    for block in blocks:
        if block.type == "tool_result":
            _take_result(block, texts, wanted_tools)
    if text and line.uuid and not line.isMeta and not line.isCompactSummary:
        prompt = classify(text)
        if prompt.kind is not None and prompt.text:
            texts.asked(line.uuid, prompt.text)


def _take_tool(block: Block, texts: SessionText, wanted_tools: Collection[str]) -> None:
    key, given = block.id or "", block.input
    if not isinstance(given, ToolInput):
        return
    if key in wanted_tools and isinstance(given.command, str):
        texts.commands[key] = given.command
    if block.name not in _TODO_TOOLS:
        return
    if isinstance(given.todos, list):
        listed = [todo for todo in given.todos if isinstance(todo, dict)]
        texts.todos = {
            str(number): (str(todo.get("status")), str(todo.get("content") or "")) for number, todo in enumerate(listed)
        }
    elif block.name == "TaskCreate":
        texts.todos[key] = ("pending", str(given.subject or given.description or ""))
    elif str(given.taskId) in texts.todos and given.status:
        texts.todos[str(given.taskId)] = (str(given.status), texts.todos[str(given.taskId)][1])


def _take_result(block: Block, texts: SessionText, wanted_tools: Collection[str]) -> None:
    key, output = block.tool_use_id or "", text_of(block.content)
    if key in wanted_tools:
        texts.outputs[key] = output
    created = texts.todos.pop(key, None)
    if created is not None and not block.is_error:
        name = _CREATED.search(output)
        texts.todos[name[1] if name is not None else key] = created
