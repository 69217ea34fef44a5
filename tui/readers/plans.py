"""The Plans screen's part: the report of `taximeter plans`, kept a while because its resampling takes a second."""

import sqlite3
from datetime import date

from tracker.reports.plans import PlansReport, plans_report
from tracker.settings import SettingsError
from tui.readers.settings import SettingsReader
from tui.snapshot import PlansPart

_KEPT_MS = 30_000


class PlansReader:
    """Makes the report anew when it is old, or the settings or the day changed."""

    def __init__(self, settings: SettingsReader) -> None:
        self._settings = settings
        self._made: PlansReport | None = None
        self._made_at = 0
        self._made_for: object = None
        self._newest = 0

    def read(self, db: sqlite3.Connection, today: date, now_ms: int, newest: int) -> PlansPart:
        """The part; `newest` changes when the ledger does."""
        settings = self._settings.read()
        wanted = (self._settings.stamp, today)
        is_old = now_ms - self._made_at > _KEPT_MS and newest != self._newest
        if self._made is None or is_old or wanted != self._made_for:
            try:
                self._made = plans_report(db, settings, today, now_ms, detected=self._settings.detected)
            except SettingsError as error:
                self._settings.trouble = str(error)
                self._made = plans_report(db, type(settings)(), today, now_ms, detected=self._settings.detected)
            self._made_at, self._made_for, self._newest = now_ms, wanted, newest
        return PlansPart(self._made, self._made_at)
