"""Progress of the initial ingest, in words."""

import time
from collections.abc import Callable

from tracker.ingest import Progress
from tracker.words import time_left

_EVERY_SECONDS = 0.1


class IngestProgress:
    """Passes a description and the share done (0 to 1) to `show`; at most ten times a second while files are read."""

    def __init__(self, show: Callable[[str, float], None]) -> None:
        self._show = show
        self._began = time.monotonic()
        self._next = 0.0

    def on_files(self, progress: Progress) -> None:
        """Called while files are read."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _EVERY_SECONDS
        words = f"{progress.files_done:,} of {progress.files:,} files, {progress.bytes_done / 1e6:,.0f} of"
        left = time_left(now - self._began, progress.share)
        self._show(f"{words} {progress.bytes / 1e6:,.0f} MB{', ' if left else ''}{left}", progress.share)

    def on_sessions(self, done: int, count: int) -> None:
        """Called while tasks are derived."""
        self._show(f"finding tasks in {done:,} of {count:,} sessions", 1.0)
