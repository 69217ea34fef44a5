"""What the causes of cache misses are called and what avoids them, in the command line and on the dashboard alike.

What changes the prompt is in PRICES section 4.
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
    """A cause in words; a name that this version does not know stands as it is, and nothing for None."""
    words = _WORDS.get(cause or "")
    return words.name if words else cause or ""


def cause_advice(cause: str) -> str:
    """What avoids misses of this cause, or that nothing does; at most 60 characters, "" for a name not known here."""
    words = _WORDS.get(cause)
    return words.advice if words else ""
