"""Words on how far the first look at the agents' records has come."""

import time
from collections.abc import Callable

from tracker.ingest import Progress
from tracker.words import time_left

_EVERY_SECONDS = 0.1


class FirstLookWords:
    """Passes words and the share that is done on to `show`; of files ten times a second."""

    def __init__(self, show: Callable[[str, float], None]) -> None:
        self._show = show
        self._began = time.monotonic()
        self._next = 0.0

    def on_files(self, progress: Progress) -> None:
        """While files are read."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _EVERY_SECONDS
        words = f"{progress.files_done:,} of {progress.files:,} files, {progress.bytes_done / 1e6:,.0f} of"
        left = time_left(now - self._began, progress.share)
        self._show(f"{words} {progress.bytes / 1e6:,.0f} MB{', ' if left else ''}{left}", progress.share)

    def on_sessions(self, done: int, count: int) -> None:
        """While tasks are found."""
        self._show(f"finding tasks in {done:,} of {count:,} sessions", 1.0)
