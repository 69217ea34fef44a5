"""Runs the garbage collector while the user is idle: a full collection may delay a key noticeably.

Every drawn line is a cycle of Textual's caches, so there is always some.
"""

import gc
import time

from textual._styles_cache import StylesCache

_QUIET_SECONDS = 0.5
_INTERVAL_SECONDS = 10.0
_LATEST_SECONDS = 120.0
# Thresholds of the three generations: the oldest is collected here only.
_YOUNG, _MIDDLE, _NEVER = 10_000, 8, 1_000_000


class GarbageCollector:
    """Learns of every key, and is asked once a second to collect."""

    def __init__(self) -> None:
        self._input_at = self._collected_at = time.monotonic()

    def take_over(self) -> None:
        """Take over the collection of old objects; freeze those that exist already."""
        gc.freeze()
        gc.set_threshold(_YOUNG, _MIDDLE, _NEVER)
        gc.enable()

    def saw_input(self) -> None:
        """Note a key or a mouse move."""
        self._input_at = time.monotonic()

    def collect_if_quiet(self) -> bool:
        """Collect if it is due and the user is idle; returns whether it did."""
        now = time.monotonic()
        since = now - self._collected_at
        if since < _INTERVAL_SECONDS or (now - self._input_at < _QUIET_SECONDS and since < _LATEST_SECONDS):
            return False
        _clear_styles_cache()
        gc.collect()
        self._collected_at = time.monotonic()
        return True


def _clear_styles_cache() -> None:
    """Clear a Textual method cache keyed by object, which keeps removed widgets alive (its issue 6665)."""
    clear = getattr(StylesCache.get_inner_outer, "cache_clear", None)
    if clear is not None:
        clear()
