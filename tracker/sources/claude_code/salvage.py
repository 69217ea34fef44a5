"""Salvages records from damaged lines."""

import json
import re
from contextlib import suppress
from typing import Any

import msgspec

from tracker.sources.base import DECODE_ERRORS
from tracker.sources.claude_code.lines import Line, Message, Usage, decode_line

_RECORD_MARK = re.compile(r'\{"(?:parentUuid|type)"')
_MAX_PASSES = 100  # over a line by failing attempts: real lines nest few unfinished records
_LINES_COUNTED = 50  # an error counts the lines before it: so many characters take as long as decoding one
# What may be missing from a usage that can be priced.
_SIDE_FIELDS = frozenset(("server_tool_use", "iterations", "output_tokens_details"))


def salvage(raw: bytes) -> tuple[list[tuple[Line, int, int]], bool]:
    """Records of a line that does not decode as one: two on a line, NULs or rubbish around them, wrong types.

    Returns each record with its start and end byte in `raw`, and whether anything was lost. The search has a limit, so
    that a line of hundreds of nested unfinished records, which no client writes, cannot take for ever.
    """
    text = raw.decode("utf-8", "surrogateescape")
    decode = json.JSONDecoder(parse_float=_number).raw_decode
    found: list[tuple[Line, int, int]] = []
    is_damaged = False
    counted, counted_bytes = 0, 0  # for each record only its own part is measured, as a line may hold thousands
    left = _MAX_PASSES * len(text)
    position = _skip_blanks(text, 0)
    while position < len(text) and left >= 0:
        try:
            value, end = decode(text, position)
        except (ValueError, RecursionError) as error:
            is_damaged = True
            reached = getattr(error, "pos", len(text))
            left -= reached - position + reached // _LINES_COUNTED
            position = _next_record(text, position + 1)
            continue
        if isinstance(value, dict):
            if is_damaged and "sessionId" not in value:
                value["isSidechain"] = True  # a subagent's line, out of a progress record that was cut off
            line, lost = _lenient(value)
            is_damaged |= lost
            start_byte = counted_bytes + _byte_length(text[counted:position])
            counted, counted_bytes = end, start_byte + _byte_length(text[position:end])
            found.append((line, start_byte, counted_bytes))
        else:
            is_damaged = True
        position = _skip_blanks(text, end)
        if is_damaged and not text.startswith("{", position):
            position = _next_record(text, position)  # after a part of a broken record
    return found, is_damaged or not found


def _skip_blanks(text: str, position: int) -> int:
    while position < len(text) and text[position] in "\0\ufeff \t\r\n":
        position += 1
    return position


def _next_record(text: str, position: int) -> int:
    following = _RECORD_MARK.search(text, position)
    return following.start() if following else len(text)


def _number(text: str) -> float:
    """A count may be written with a point: 10.0 tokens are ten."""
    value = float(text)
    return int(value) if value.is_integer() else value


def _byte_length(text: str) -> int:
    return len(text.encode("utf-8", "surrogateescape"))


def _lenient(value: dict[str, Any]) -> tuple[Line, bool]:
    """Convert field by field, dropping what has the wrong type; True if something that counts was dropped."""
    try:
        return decode_line(_clean(value)), False
    except DECODE_ERRORS:
        pass
    kept: dict[str, Any] = {}
    damaged = False
    for name, item in value.items():
        if name not in Line.__struct_fields__:
            continue
        try:
            kept[name] = getattr(decode_line(_clean({name: item})), name)
        except DECODE_ERRORS:
            damaged = True
            if name == "message" and isinstance(item, dict):
                # Odd content must not cost the call: its usage is what counts.
                with suppress(msgspec.ValidationError, RecursionError):
                    kept[name] = _counted(json.loads(_clean(item)))
    return Line(**kept), damaged


def _counted(message: dict[str, Any]) -> Message:
    """The part of a message that matters for counting; ValidationError if that has wrong types, too."""
    wanted = {key: message.get(key) for key in ("id", "model")}
    wanted["usage"] = _without_odd_sides(message.get("usage"))
    if isinstance(message.get("stop_reason"), str):
        wanted["stop_reason"] = message["stop_reason"]
    return msgspec.convert(wanted, Message)


def _without_odd_sides(usage: Any) -> Any:
    """A usage without its optional fields of the wrong type."""
    if not isinstance(usage, dict):
        return usage
    kept = dict(usage)
    for name in _SIDE_FIELDS & usage.keys():
        try:
            msgspec.convert({name: usage[name]}, Usage)
        except msgspec.ValidationError:
            del kept[name]
    return kept


def _clean(value: dict[str, Any]) -> bytes:
    """JSON without lone surrogates and undecodable bytes, which UTF-8 cannot hold."""
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
