"""Reads the text of a Cline task from either store (CLINE sections 2 and 3), keyed as in the ledger."""

import re
from collections.abc import Collection
from pathlib import Path

import msgspec

from tracker.handover.session_text import SessionText
from tracker.sources.base import DECODE_ERRORS
from tracker.sources.cline.files import UI_MESSAGES, read_whole
from tracker.sources.cline.rows import UiRow, decode_elements, decode_row, decoded
from tracker.sources.cline.sdk_rows import (
    Message,
    blocks_of,
    decode_messages,
    decode_transcript,
    prompt_in,
    text_of,
)
from tracker.sources.cline.tools import APPROVAL_SUFFIX, unique_id

_TODO = re.compile(r"^[^\S\n]*[-*] \[([ xX])\] *(.*)", re.MULTILINE)


class _Commands(msgspec.Struct):
    commands: list[str] = []
    command: str | None = None


class _PartResult(msgspec.Struct):
    result: str | None = None
    text: str | None = None
    error: str | None = None


_decode_commands = msgspec.json.Decoder(_Commands).decode
_decode_result = msgspec.json.Decoder(str | list[_PartResult] | None).decode


def add_cline_text(path: Path, texts: SessionText, wanted_tools: Collection[str]) -> None:
    """Add a task's text; OSError if the file cannot be read. A truncated file adds nothing."""
    whole = read_whole(str(path))
    if whole is None:
        return
    if path.name == UI_MESSAGES:
        _take_rows(decoded(decode_elements, whole.content) or [], texts, wanted_tools)
        return
    transcript = decoded(decode_transcript, whole.content)
    if transcript is None:
        return
    messages, _ = decode_messages(transcript.messages)
    keys: dict[str, str] = {}
    for message in messages:
        try:
            _take_message(message, texts, wanted_tools, keys)
        except DECODE_ERRORS:
            continue


def _take_message(message: Message, texts: SessionText, wanted_tools: Collection[str], keys: dict[str, str]) -> None:
    blocks = blocks_of(message)
    own_key = message.id or str(int(message.ts or 0))
    if message.role == "assistant":
        texts.answered(text_of(blocks))
        for block in blocks:
            if block.type == "tool_use" and block.id:
                key = keys[block.id] = unique_id(block.id, own_key)
                if key in wanted_tools:
                    given = _decode_commands(block.input)
                    texts.commands[key] = " && ".join(given.commands or [given.command or ""])
        return
    for block in blocks:
        key = keys.get(block.tool_use_id or "", "")
        if block.type == "tool_result" and key in wanted_tools:
            texts.outputs[key] = _result_text(block.content)
    prompt = prompt_in(message, blocks)
    if prompt is not None and prompt.text:
        texts.asked(own_key, prompt.text)


def _result_text(content: msgspec.Raw) -> str:
    found = _decode_result(content)
    if isinstance(found, list):
        return "\n".join(part.result or part.text or part.error or "" for part in found)
    return found or ""


def _take_rows(elements: list[msgspec.Raw], texts: SessionText, wanted_tools: Collection[str]) -> None:
    command = ""
    for element in elements:
        row = decoded(decode_row, element)
        if row is None:
            continue
        if row.what == "command" and not row.partial:
            command = str(row.at)
            if command in wanted_tools:
                texts.commands[command] = (row.text or "").removesuffix(APPROVAL_SUFFIX)
        elif row.what == "command_output" and command in wanted_tools:
            texts.outputs[command] = texts.outputs.get(command, "") + (row.text or "")
        else:
            _take_row(row, texts)


def _take_row(row: UiRow, texts: SessionText) -> None:
    text = row.text or ""
    if row.what == "user_feedback" or (row.what in ("task", "text") and row.type == "say" and not texts.prompts):
        texts.asked(str(row.at), text)
    elif row.partial or row.type != "say":
        return
    elif row.what in ("text", "completion_result"):
        texts.answered(text)
    elif row.what == "task_progress" and (listed := _TODO.findall(text)):
        texts.todos = {
            str(number): ("pending" if mark == " " else "completed", entry)
            for number, (mark, entry) in enumerate(listed)
        }
