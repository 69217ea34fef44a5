"""The Nudges screen's part: the same report as `taximeter nudges`."""

import sqlite3

from tracker.advisor.preferences import preferences_of
from tracker.reports.nudges import nudge_report
from tracker.settings import Settings
from tui.snapshot import NudgesPart

_SHOWN = 300


def read_nudges(db: sqlite3.Connection, settings: Settings) -> NudgesPart:
    """What was advised lately."""
    return NudgesPart(nudge_report(db, preferences_of(settings), limit=_SHOWN))
