"""What the causes of cache misses are called, in the command line and on the dashboard's screens alike."""

from tracker.model.cache.miss_causes import Cause

_WORDS = {
    Cause.REPORTED: "named by the API",
    Cause.MESSAGES: "earlier messages changed",
    Cause.MODEL: "model changed",
    Cause.EFFORT: "effort or speed changed",
    Cause.EXPIRED: "cache expired",
    Cause.RESTART: "client restarted or resumed",
    Cause.HISTORY: "history edited",
    Cause.SKILL: "skill, command or tool search",
    Cause.PAUSE: "lost after a pause",
    Cause.SYSTEM: "system prompt or tools changed",
    Cause.LOOK_BACK: "many parallel tool results",
    Cause.UNKNOWN: "unknown",
}
LONGEST_CAUSE = max(map(len, _WORDS.values()))


def cause_words(cause: str | None) -> str:
    """A cause in words; a name that this version does not know stands as it is, and nothing for None."""
    return _WORDS.get(cause or "", cause or "")
