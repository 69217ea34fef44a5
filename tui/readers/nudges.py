"""The Nudges screen's part: the report of `taximeter nudges`, and that of `taximeter backtest` over the last weeks.

The backtest takes seconds over a long history, so it runs as a background job.
"""

import sqlite3
from collections.abc import Callable
from functools import partial

from tracker.advisor.preferences import Preferences, preferences_of
from tracker.model.defaults import DAY_MS, HOUR_MS
from tracker.reports.backtest import BacktestReport, backtest_report
from tracker.reports.nudges import nudge_report
from tracker.settings import Settings
from tui.readers.background import BackgroundJob
from tui.snapshot import HINDSIGHT_DAYS, NudgesPart

_SHOWN = 300
_KEPT_MS = HOUR_MS


class NudgesReader:
    """Reads the log each time; caches the backtest for an hour."""

    def __init__(self, on_ready: Callable[[], None] | None) -> None:
        """`on_ready`: as for BackgroundJob."""
        self._background = BackgroundJob(on_ready)
        self.end = self._background.end
        self._hindsight: BacktestReport | None = None
        self._begun_at: int | None = None

    def read(self, db: sqlite3.Connection, settings: Settings, now_ms: int) -> NudgesPart:
        """The recent nudges, and the latest finished backtest."""
        self._background.raise_trouble()
        preferences = preferences_of(settings)
        is_old = self._begun_at is None or abs(now_ms - self._begun_at) > _KEPT_MS
        if is_old and not self._background.is_at_work:
            self._begun_at = now_ms  # set for a failing job too, so that its error is shown once an hour
            self._background.begin(db, partial(_run_backtest, preferences, now_ms), self._take)
        return NudgesPart(nudge_report(db, preferences, limit=_SHOWN), self._hindsight, not self._background.is_at_work)

    def _take(self, made: BacktestReport) -> None:
        self._hindsight = made if made.result.sessions else None


def _run_backtest(preferences: Preferences, now_ms: int, db: sqlite3.Connection) -> BacktestReport:
    return backtest_report(db, preferences, since=now_ms - HINDSIGHT_DAYS * DAY_MS)
