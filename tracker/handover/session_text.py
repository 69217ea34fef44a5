"""Reads the text of a session that the ledger does not keep from the agent's own files; none of it is stored.

What cannot be read is skipped: a brief may lack a line, a bill may not.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tracker.sources.claude_code.prompts import classify

_TODO_TOOLS = frozenset({"TodoWrite", "TaskCreate", "TaskUpdate"})
_CREATED = re.compile(r"Task #(\w+) created")  # what the client calls an entry: a list may go on from another session
_WORTH_READING = (b'"user"', b'"assistant"')


@dataclass(slots=True)
class SessionText:
    """Prompts by the id of their record, the agent's latest answer, its to-do list, and the wanted tool uses."""

    prompts: dict[str, str] = field(default_factory=dict)
    answer: str = ""
    is_answered: bool = False  # whether `answer` came after the latest prompt
    todos: dict[str, tuple[str, str]] = field(default_factory=dict)  # entry -> (status, text)
    outputs: dict[str, str] = field(default_factory=dict)
    commands: dict[str, str] = field(default_factory=dict)

    def asked(self, key: str, text: str) -> None:
        """Take in a prompt."""
        self.prompts[key] = text.strip()
        self.is_answered = False

    def answered(self, text: str) -> None:
        """Take in an answer of the agent."""
        if text.strip():
            self.answer, self.is_answered = text.strip(), True


def read_session_text(paths: Iterable[Path], wanted_tools: Collection[str]) -> SessionText:
    """The text in a session's own files, read in this order; a file that is gone adds nothing."""
    texts = SessionText()
    for path in paths:
        try:
            if path.suffix == ".jsonl":
                for row in _rows(path):
                    _take(row, texts, wanted_tools)
            else:
                from tracker.handover.cline_text import add_cline_text

                add_cline_text(path, texts, wanted_tools)
        except OSError:
            continue
    return texts


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for line in file:
            if not any(mark in line for mark in _WORTH_READING):
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(row, dict) and not row.get("isSidechain") and isinstance(row.get("message"), dict):
                yield row


def _take(row: dict[str, Any], texts: SessionText, wanted_tools: Collection[str]) -> None:
    content = row["message"].get("content")
    blocks = content if isinstance(content, list) else [{"type": "text", "text": content}]
    blocks = [block for block in blocks if isinstance(block, dict)]
    text = "\n".join(block["text"] for block in blocks if isinstance(block.get("text"), str)).strip()
    if row.get("type") == "assistant":
        if row["message"].get("model") != "<synthetic>":
            texts.answered(text)
        for block in blocks:
            if block.get("type") == "tool_use":
                _take_tool(block, texts, wanted_tools)
        return
    for block in blocks:
        if block.get("type") == "tool_result":
            _take_result(block, texts, wanted_tools)
    if text and not row.get("isMeta") and not row.get("isCompactSummary") and isinstance(row.get("uuid"), str):
        prompt = classify(text)
        if prompt.kind is not None and prompt.text:
            texts.asked(row["uuid"], prompt.text)


def _take_tool(block: dict[str, Any], texts: SessionText, wanted_tools: Collection[str]) -> None:
    given = block.get("input")
    if not isinstance(given, dict):
        return
    if block.get("id") in wanted_tools and isinstance(given.get("command"), str):
        texts.commands[str(block["id"])] = given["command"]
    if block.get("name") not in _TODO_TOOLS:
        return
    if isinstance(given.get("todos"), list):
        listed = [todo for todo in given["todos"] if isinstance(todo, dict)]
        texts.todos = {
            str(number): (str(todo.get("status")), str(todo.get("content") or "")) for number, todo in enumerate(listed)
        }
    elif block["name"] == "TaskCreate":
        text = str(given.get("subject") or given.get("description") or "")
        texts.todos[str(block.get("id"))] = ("pending", text)
    elif str(given.get("taskId")) in texts.todos and given.get("status"):
        texts.todos[str(given["taskId"])] = (str(given["status"]), texts.todos[str(given["taskId"])][1])


def _take_result(block: dict[str, Any], texts: SessionText, wanted_tools: Collection[str]) -> None:
    key, output = str(block.get("tool_use_id")), _plain(block.get("content"))
    if key in wanted_tools:
        texts.outputs[key] = output
    created = texts.todos.pop(key, None)
    if created is not None and not block.get("is_error"):
        name = _CREATED.search(output)
        texts.todos[name[1] if name is not None else key] = created


def _plain(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(str(block.get("text") or "") for block in content if isinstance(block, dict))
    return ""
