"""Events from rows of a session: compactions, errors, limits, fallbacks (CLAUDE_CODE sections 1.6 and 1.7)."""

import re

import msgspec

from store.records import Event, EventKind
from tracker.sources.claude_code.fold import Place
from tracker.sources.claude_code.lines import AGENT, CompactMetadata, Line, Message, decoded, epoch_ms, joined_text

# "You've hit your 5-hour limit", your weekly limit, your session limit, your limit: what it is called changes.
_LIMIT = re.compile(r"limit reached|usage limit|hit your (?:[\w'-]+ ){0,4}limit|out of usage credits")


def event(
    line: Line,
    session: str,
    chain: str,
    position: int,
    kind: str,
    detail: str | None,
    tokens_before: int | None = None,
    tokens_after: int | None = None,
) -> Event:
    """An event at the line's own time."""
    at = epoch_ms(line.timestamp)
    return Event(AGENT, session, chain, position, at, kind, detail, tokens_before, tokens_after)


def event_at(line: Line, place: Place, kind: str, detail: str | None) -> Event:
    """An event of the main chain at `place`."""
    return event(line, place.seen_session, "", place.position, kind, detail)


def system_event(line: Line, place: Place) -> Event | None:
    """The event of a `system` row; None if it has none."""
    where = place.seen_session, place.chain, place.position
    match line.subtype:
        case "compact_boundary":
            sizes = line.compactMetadata or CompactMetadata()
            return event(line, *where, EventKind.COMPACT, sizes.trigger, sizes.preTokens, sizes.postTokens)
        case "microcompact_boundary":
            return event(line, *where, EventKind.MICROCOMPACT, None)
        case "api_error":
            return event(line, *where, EventKind.API_ERROR, _short(line.error))
        case "model_fallback" | "model_refusal_fallback":
            return event(line, *where, EventKind.FALLBACK, f"{line.originalModel}>{line.fallbackModel}")
    return None


def synthetic_event(line: Line, message: Message, place: Place) -> Event:
    """The event of an answer written by the client itself: the API failed, or a session was resumed."""
    kind = EventKind.RESUME  # "No response requested."
    if line.isApiErrorMessage or line.error:
        kind = EventKind.LIMIT if _LIMIT.search(joined_text(message.content)) else EventKind.API_ERROR
    return event(line, place.seen_session, place.chain, place.position, kind, _short(line.error))


def _short(error: msgspec.Raw) -> str | None:
    """Status code or type of an error object; its message may quote a prompt and is left out."""
    value: object = decoded(msgspec.json.decode, error)
    if isinstance(value, str):
        return value[:60]
    if isinstance(value, dict):
        found = value.get("status") or value.get("type")
        return None if found is None else str(found)[:60]
    return None
