"""The Plans screen's part: the report of `taximeter plans`, cached because its resampling takes a second.

It is computed by a background job; until that ends, the old one stays.
"""

import sqlite3
from collections.abc import Callable
from datetime import date
from functools import partial

from tracker.model.defaults import MINUTE_MS
from tracker.plan_data.table import usable_plans_on
from tracker.reports.plans import plans_report
from tracker.settings import Settings, SettingsError
from tui.readers.background import BackgroundJob
from tui.readers.settings import SettingsReader
from tui.snapshot import PlansPart

_KEPT_MS = 30_000
_KEPT_AT_REST_MS = 10 * MINUTE_MS  # without new calls: only the rest of the day and the meters' history change


class PlansReader:
    """Recomputes the report when it is old, or the settings or the day changed."""

    def __init__(self, settings: SettingsReader, on_ready: Callable[[], None] | None) -> None:
        """`on_ready`: as for BackgroundJob."""
        self._settings = settings
        self._background = BackgroundJob(on_ready)
        self.end = self._background.end
        self._made: PlansPart | None = None
        self.trouble = ""  # why the settings could not be used
        self._asked_for: object = None
        self._newest = 0

    def read(self, db: sqlite3.Connection, today: date, now_ms: int, newest: int) -> PlansPart | None:
        """The part, None until it is first computed; `newest` changes when the ledger does."""
        self._background.raise_trouble()
        settings = self._settings.read()
        wanted = (self._settings.stamp, self._settings.plans_stamp, today)
        kept_ms = _KEPT_AT_REST_MS if newest == self._newest else _KEPT_MS
        is_old = self._made is None or abs(now_ms - self._made.made_at) > kept_ms  # the clock may be set back
        if not self._background.is_at_work and (is_old or wanted != self._asked_for):
            self._asked_for, self._newest = wanted, newest
            self._background.begin(db, partial(_compare, settings, self._settings.detected, today, now_ms), self._take)
        return self._made

    def _take(self, made: tuple[PlansPart, str]) -> None:
        self._made, self.trouble = made


def _compare(
    settings: Settings, detected: str | None, today: date, now_ms: int, db: sqlite3.Connection
) -> tuple[PlansPart, str]:
    """The part, and why the settings could not be used, if so."""
    plans, _ = usable_plans_on(today.isoformat())
    try:
        return PlansPart(plans_report(db, settings, today, now_ms, detected=detected, plans=plans), now_ms), ""
    except SettingsError as error:
        made = plans_report(db, Settings(), today, now_ms, detected=detected, plans=plans)
        return PlansPart(made, now_ms), str(error)
