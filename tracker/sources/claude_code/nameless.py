"""Unique ids for answers whose own id is not unique: some gateways send a fixed word, or the time in seconds.

Such an id would merge a whole history into one call. So an answer gets an id made from the prompt size on its first
line: copies of the line give the same id, and the next request of a conversation has a longer prompt. Further lines
take the id of the line they follow, because many gateways count tokens only on an answer's last line.
"""

import re

from tracker.sources.claude_code.carry import Carry
from tracker.sources.claude_code.lines import Line, Message, Usage

# 1795182003 or 20261120120003, with or without a word before it; or the word alone.
_NO_NAME = re.compile(r"\D{0,15}(?P<clock>\d{10}|\d{14})?")
_MAX_KNOWN = 16


def name_of(message: Message, line: Line, chain: str, carry: Carry, before: str | None, here: str | None) -> str | None:
    """The id of an answer; a generated one if its own is not unique.

    `line` is one of its lines, or the line around it; `here` and `before` are the ids of this line and of the one it
    follows, by which the carry keeps the latest generated ids.
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
        while len(known) > _MAX_KNOWN:
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
