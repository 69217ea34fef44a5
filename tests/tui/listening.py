"""A listener that keeps what a feed tells, and waits for it."""

import sqlite3
import threading
from collections.abc import Callable

from tracker.advisor.advisor import DueNudge
from tracker.pricing import PriceBook
from tracker.sources.base import Options
from tui.snapshot import Health, Phase, Snapshot

_PATIENCE_SECONDS = 20.0


class Listening:
    """Keeps what the feed tells, and waits for something to be told."""

    def __init__(self) -> None:
        self.snapshots: list[Snapshot] = []
        self.health: list[Health] = []
        self.notices: list[str] = []
        self.nudges: list[DueNudge] = []
        self._told = threading.Condition()

    def take_snapshot(self, snapshot: Snapshot) -> None:
        with self._told:
            self.snapshots.append(snapshot)
            self._told.notify_all()

    def take_health(self, health: Health) -> None:
        with self._told:
            self.health.append(health)
            self._told.notify_all()

    def take_notice(self, words: str) -> None:
        with self._told:
            self.notices.append(words)
            self._told.notify_all()

    def take_nudge(self, nudge: DueNudge) -> None:
        with self._told:
            self.nudges.append(nudge)
            self._told.notify_all()

    def is_live_with(self, calls: int) -> bool:
        return bool(self.snapshots) and self.snapshots[-1].calls > calls and self.health[-1].phase is Phase.LIVE

    def wait_for(self, what: Callable[[], bool]) -> None:
        with self._told:
            assert self._told.wait_for(what, _PATIENCE_SECONDS), "nothing was told in time"


def make_options(_db: sqlite3.Connection) -> Options:
    """What is read, at list prices."""
    return Options(PriceBook())
