"""Names for answers whose id tells them from no other: behind some gateways it is a word or the second of a clock.

What such an id would join is no call but a history. An answer without a name has that of its prompt's size: it is the
same on all its lines and copies, and the next request of a conversation has a longer one.
"""

import re

from tracker.sources.claude_code.lines import Line, Message

# 1795182003 or 20261120120003, with or without a word before it; or the word alone.
_NO_NAME = re.compile(r"\D{0,15}(?P<clock>\d{10}|\d{14})?")


def name_of(message: Message, line: Line, session: str, chain: str) -> str | None:
    """The id of an answer; made up for one without, if anything can be.

    `line` is one of its lines, or the line around it, and says which session made it where that is not `session`.
    """
    message_id, usage = message.id or "", message.usage
    found = _NO_NAME.fullmatch(message_id)
    if found is None or usage is None:
        return message.id
    counts = (usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens)
    prompt = [count or 0 for count in counts]
    if not any(prompt):
        return message.id
    if found["clock"]:
        session = ""
    elif line.requestSessionId:
        session = line.requestSessionId
    elif line.forkedFrom is not None and line.forkedFrom.sessionId:
        session = line.forkedFrom.sessionId
    return ":".join((message_id, session, chain, message.model or "", *map(str, prompt)))
