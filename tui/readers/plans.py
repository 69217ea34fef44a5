"""The Plans screen's part: the report of `taximeter plans`, kept a while because its resampling takes a second.

It is made on a thread of its own, and while that goes on the old one stays: the other figures wait for nothing.
"""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

from store.ledger import open_ledger
from tracker.reports.plans import PlansReport, plans_report
from tracker.settings import SettingsError
from tui.readers.settings import SettingsReader
from tui.snapshot import PlansPart

_KEPT_MS = 30_000


class PlansReader:
    """Makes the report anew when it is old, or the settings or the day changed."""

    def __init__(self, settings: SettingsReader, on_ready: Callable[[], None] | None) -> None:
        """`on_ready` is called on another thread once the report was made; None makes it while one waits."""
        self._settings, self._on_ready = settings, on_ready
        self._made: PlansReport | None = None
        self._made_at = 0
        self._asked_for: object = None
        self._newest = 0
        self._work: threading.Thread | None = None
        self._trouble: Exception | None = None

    def read(self, db: sqlite3.Connection, today: date, now_ms: int, newest: int) -> PlansPart | None:
        """The part, None before it was made the first time; `newest` changes when the ledger does."""
        if self._trouble is not None:
            trouble, self._trouble = self._trouble, None
            raise trouble
        self._settings.read()
        wanted = (self._settings.stamp, today)
        is_old = now_ms - self._made_at > _KEPT_MS and newest != self._newest
        is_working = self._work is not None and self._work.is_alive()
        if not is_working and (self._made is None or is_old or wanted != self._asked_for):
            self._asked_for, self._newest = wanted, newest
            if self._on_ready is None:
                self._make(db, today, now_ms)
            else:
                path = Path(db.execute("PRAGMA database_list").fetchone()[2])
                self._work = threading.Thread(target=self._work_on, args=(path, today, now_ms), daemon=True)
                self._work.start()
        return PlansPart(self._made, self._made_at) if self._made is not None else None

    def _work_on(self, ledger: Path, today: date, now_ms: int) -> None:
        """On a thread and a connection of its own; what goes wrong is told by the next reading."""
        try:
            with closing(open_ledger(ledger)) as db:
                self._make(db, today, now_ms)
        except Exception as error:  # noqa: BLE001 -- it is raised again where troubles are told
            self._trouble = error
        if self._on_ready is not None:
            self._on_ready()

    def _make(self, db: sqlite3.Connection, today: date, now_ms: int) -> None:
        settings, detected = self._settings.settings, self._settings.detected
        try:
            made = plans_report(db, settings, today, now_ms, detected=detected)
        except SettingsError as error:
            self._settings.trouble = str(error)
            made = plans_report(db, type(settings)(), today, now_ms, detected=detected)
        self._made, self._made_at = made, now_ms
