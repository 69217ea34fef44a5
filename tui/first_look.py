"""Words on how far the first look at the agents' records has come."""

import time
from collections.abc import Callable

from tracker.ingest import Progress
from tracker.words import duration

_EVERY_SECONDS = 0.1
_ESTIMATE_FROM_SHARE = 0.02  # share of the bytes after which the time left is known roughly


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
        share = progress.bytes_done / progress.bytes if progress.bytes else 1.0
        words = f"{progress.files_done:,} of {progress.files:,} files, {progress.bytes_done / 1e6:,.0f} of"
        words += f" {progress.bytes / 1e6:,.0f} MB"
        if share > _ESTIMATE_FROM_SHARE:
            words += f", {duration(1000 * (now - self._began) * (1 - share) / share)} left"
        self._show(words, share)

    def on_sessions(self, done: int, count: int) -> None:
        """While tasks are found."""
        self._show(f"finding tasks in {done:,} of {count:,} sessions", 1.0)
