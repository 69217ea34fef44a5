"""Reads from an agent's own files the words that the ledger does not keep; nothing of them is stored.

What cannot be read is passed over: this serves a reader, not a bill.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tracker.sources.claude_code.prompts import classify

_TODO_TOOLS = frozenset({"TodoWrite", "TaskCreate", "TaskUpdate"})
_WORTH_READING = (b'"user"', b'"assistant"')


@dataclass(slots=True)
class Words:
    """Prompts by the id of their record, the agent's latest words, the to-do list, words of the wanted tool uses."""

    prompts: dict[str, str] = field(default_factory=dict)
    answer: str = ""
    is_answered: bool = False  # whether `answer` came after the latest prompt
    todos: dict[str, tuple[str, str]] = field(default_factory=dict)  # entry -> (status, text)
    outputs: dict[str, str] = field(default_factory=dict)
    commands: dict[str, str] = field(default_factory=dict)

    def asked(self, key: str, text: str) -> None:
        """The user wrote."""
        self.prompts[key] = text.strip()
        self.is_answered = False

    def answered(self, text: str) -> None:
        """The agent wrote."""
        if text.strip():
            self.answer, self.is_answered = text.strip(), True


def read_words(paths: Iterable[Path], wanted_tools: Collection[str]) -> Words:
    """The words of a session's own files, in this order; a file that is gone says nothing."""
    words = Words()
    for path in paths:
        try:
            if path.suffix == ".jsonl":
                for row in _rows(path):
                    _take(row, words, wanted_tools)
            else:
                from tracker.handover.cline_words import take_cline

                take_cline(path, words, wanted_tools)
        except OSError:
            continue
    return words


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


def _take(row: dict[str, Any], words: Words, wanted_tools: Collection[str]) -> None:
    content = row["message"].get("content")
    blocks = content if isinstance(content, list) else [{"type": "text", "text": content}]
    blocks = [block for block in blocks if isinstance(block, dict)]
    text = "\n".join(block["text"] for block in blocks if isinstance(block.get("text"), str)).strip()
    if row.get("type") == "assistant":
        if row["message"].get("model") != "<synthetic>":
            words.answered(text)
        for block in blocks:
            if block.get("type") == "tool_use":
                _take_tool(block, words, wanted_tools)
        return
    for block in blocks:
        if block.get("type") == "tool_result" and block.get("tool_use_id") in wanted_tools:
            words.outputs[block["tool_use_id"]] = _plain(block.get("content"))
    if text and not row.get("isMeta") and not row.get("isCompactSummary") and isinstance(row.get("uuid"), str):
        prompt = classify(text)
        if prompt.kind is not None and prompt.text:
            words.asked(row["uuid"], prompt.text)


def _take_tool(block: dict[str, Any], words: Words, wanted_tools: Collection[str]) -> None:
    given = block.get("input")
    if not isinstance(given, dict):
        return
    if block.get("id") in wanted_tools and isinstance(given.get("command"), str):
        words.commands[str(block["id"])] = given["command"]
    if block.get("name") not in _TODO_TOOLS:
        return
    if isinstance(given.get("todos"), list):
        listed = [todo for todo in given["todos"] if isinstance(todo, dict)]
        words.todos = {
            str(number): (str(todo.get("status")), str(todo.get("content") or "")) for number, todo in enumerate(listed)
        }
    elif block["name"] == "TaskCreate":
        text = str(given.get("subject") or given.get("description") or "")
        words.todos[str(len(words.todos) + 1)] = ("pending", text)
    elif str(given.get("taskId")) in words.todos and given.get("status"):
        words.todos[str(given["taskId"])] = (str(given["status"]), words.todos[str(given["taskId"])][1])


def _plain(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(str(block.get("text") or "") for block in content if isinstance(block, dict))
    return ""
