"""Names of the causes of cache misses, and how to avoid them, for command line and dashboard.

PRICES section 4 lists what changes the prompt.
"""

from typing import NamedTuple

from tracker.model.cache.miss_causes import Cause


class _Words(NamedTuple):
    name: str
    advice: str


_WORDS = {
    Cause.REPORTED: _Words("named by the API", "the API gave an unknown reason"),
    Cause.MESSAGES: _Words(
        "earlier messages changed", "the client changed them, as when it leaves out images or thinking"
    ),
    Cause.MODEL: _Words("model changed", "each model has its own cache: switch in a new session"),
    Cause.EFFORT: _Words("effort or speed changed", "choose effort and fast mode before the first prompt"),
    Cause.EXPIRED: _Words("cache expired", "answer within 5 min (plan: 1 h), or compact before a break"),
    Cause.RESTART: _Words("client restarted or resumed", "start over with taximeter handover instead of resuming"),
    Cause.HISTORY: _Words("history edited", "the client cut earlier messages: compact earlier"),
    Cause.SKILL: _Words("skill, command or tool search", "loading them changes the prompt: use them early"),
    Cause.PAUSE: _Words("lost after a pause", "it should have lived an hour; no record says why it did not"),
    Cause.SYSTEM: _Words("system prompt or tools changed", "set up MCP servers, plugins and tools before you begin"),
    Cause.LOOK_BACK: _Words("many parallel tool results", "the lookup goes back 20 blocks at most: fewer at once"),
    Cause.UNKNOWN: _Words("unknown", "neither the records nor the API say why"),
}
LONGEST_CAUSE = max(len(words.name) for words in _WORDS.values())


def cause_words(cause: str | None) -> str:
    """A cause in words; unknown names stay as they are, None becomes ""."""
    words = _WORDS.get(cause or "")
    return words.name if words else cause or ""


def cause_advice(cause: str) -> str:
    """How to avoid misses of this cause, if possible; at most 60 characters, "" for an unknown name."""
    words = _WORDS.get(cause)
    return words.advice if words else ""
