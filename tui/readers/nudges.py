"""The Nudges screen's part: the report of `taximeter nudges`, and that of `taximeter backtest` over the last weeks.

The backtest takes seconds over a long history, so it is made beside the reading, on a connection of its own.
"""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from store.ledger import LedgerError, open_ledger
from tracker.advisor.preferences import Preferences, preferences_of
from tracker.model.defaults import DAY_MS, HOUR_MS
from tracker.reports.backtest import BacktestReport, backtest_report
from tracker.reports.nudges import nudge_report
from tracker.settings import Settings
from tui.snapshot import HINDSIGHT_DAYS, NudgesPart

_SHOWN = 300
_KEPT_MS = HOUR_MS


class NudgesReader:
    """Reads the log each time; keeps the backtest for an hour."""

    def __init__(self, on_ready: Callable[[], None] | None) -> None:
        """`on_ready` is called on another thread once a backtest was made; None makes it while one waits."""
        self._on_ready = on_ready
        self._hindsight: BacktestReport | None = None
        self._made_at: int | None = None
        self._work: threading.Thread | None = None
        self._trouble: Exception | None = None

    def read(self, db: sqlite3.Connection, settings: Settings, now_ms: int) -> NudgesPart:
        """What was advised lately, and the latest backtest that is made."""
        if self._trouble is not None:
            trouble, self._trouble = self._trouble, None
            raise trouble
        preferences = preferences_of(settings)
        is_old = self._made_at is None or now_ms - self._made_at > _KEPT_MS
        if is_old and (self._work is None or not self._work.is_alive()):
            path = Path(db.execute("PRAGMA database_list").fetchone()[2])
            self._work = threading.Thread(target=self._look_back, args=(path, preferences, now_ms), daemon=True)
            self._work.start()
            if self._on_ready is None:
                self._work.join()
        return NudgesPart(nudge_report(db, preferences, limit=_SHOWN), self._hindsight, self._made_at is not None)

    def _look_back(self, ledger: Path, preferences: Preferences, now_ms: int) -> None:
        """A ledger that is busy is asked again the next time."""
        try:
            with closing(open_ledger(ledger)) as db:
                made = backtest_report(db, preferences, since=now_ms - HINDSIGHT_DAYS * DAY_MS)
                self._hindsight = made if made.result.sessions else None
        except (sqlite3.Error, LedgerError):
            return
        except Exception as error:  # noqa: BLE001 -- it is raised again where troubles are told, once an hour
            self._trouble = error
        self._made_at = now_ms
        if self._on_ready is not None:
            self._on_ready()
