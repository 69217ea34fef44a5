"""The cache clock: how long a session's prompt cache stays warm, in colour, figure and word."""

from typing import NamedTuple

from textual.content import Content

from tracker.words import countdown
from tui.widgets.grid import line

_COOLING_SHARE = 0.2


class CacheState(NamedTuple):
    """What the clock shows."""

    word: str  # warm | cooling | cold | unknown
    style: str
    left_ms: int
    share: float  # of its lifetime that is left


def cache_state(last_call_ms: int | None, ttl_ms: int | None, now_ms: int) -> CacheState:
    """State of a cache that was last used at the end of a call; cooling in the last fifth of its TTL.

    A call in the future (the clock was set back) is treated like one equally far in the past.
    """
    if last_call_ms is None or not ttl_ms:
        return CacheState("unknown", "$dim", 0, 0.0)
    left = ttl_ms - abs(now_ms - last_call_ms)
    if left <= 0:
        return CacheState("cold", "$bad", 0, 0.0)
    share = left / ttl_ms
    word, style = ("cooling", "$warn") if share <= _COOLING_SHARE else ("warm", "$good")
    return CacheState(word, style, left, share)


def clock_words(state: CacheState) -> Content:
    """`warm 38:12`, `cooling 0:54`, `cold`."""
    if state.word in ("cold", "unknown"):
        return line((state.word, f"bold {state.style}"))
    return line((state.word, f"bold {state.style}"), " ", (countdown(state.left_ms), "bold"))
