"""Unique ids for answers whose own id is not unique: some gateways send a fixed word, or the time in seconds.

What such an id would join is no call but a history. The lines of an answer follow each other, and an answer without a
name has that of the prompt's size on the first of them: all copies have the same, and the next request of a
conversation has a longer prompt. Sizes alone would not do: many gateways count nothing before an answer's last line.
"""

import re

from tracker.sources.claude_code.carry import Carry
from tracker.sources.claude_code.lines import Line, Message, Usage

# 1795182003 or 20261120120003, with or without a word before it; or the word alone.
_NO_NAME = re.compile(r"\D{0,15}(?P<clock>\d{10}|\d{14})?")
_MOST_KNOWN = 16


def name_of(message: Message, line: Line, chain: str, carry: Carry, before: str | None, here: str | None) -> str | None:
    """The id of an answer; a generated one if its own is not unique.

    `line` is one of its lines, or the line around it. `before` and `here` are the line that this one follows, and this,
    as the carry keeps the latest names made up by them.
    """
    message_id, usage = message.id or "", message.usage
    found = _NO_NAME.fullmatch(message_id)
    if found is None or usage is None:
        return message.id
    known = carry.nameless
    name = known.get(before or "", "")
    if not name.startswith(f"{message_id}:"):
        session = line.sessionId or carry.session
        name = f"{message_id}:{_made_up(message, usage, line, session, chain, has_clock=bool(found['clock']))}"
    if here:
        known[here] = name
        while len(known) > _MOST_KNOWN:
            known.pop(next(iter(known)))
    return name


def _made_up(message: Message, usage: Usage, line: Line, session: str, chain: str, *, has_clock: bool) -> str:
    size = [usage.input_tokens or 0, usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0]
    if has_clock:
        session = ""
    elif not any(size):
        session = line.timestamp or ""
    elif line.requestSessionId:
        session = line.requestSessionId
    elif line.forkedFrom is not None and line.forkedFrom.sessionId:
        session = line.forkedFrom.sessionId
    return ":".join((session, chain, message.model or "", *map(str, size)))
