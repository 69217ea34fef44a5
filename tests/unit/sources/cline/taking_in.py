"""Takes records of Cline into a ledger."""

import sqlite3
from pathlib import Path

from tracker.ingest import SyncReport, sync
from tracker.reader_options import options_of
from tracker.sources.cline import ClineSource


def take_in_cline(db: sqlite3.Connection, *folders: Path) -> SyncReport:
    """Read what is new below these folders; all of it can be read."""
    source = ClineSource()
    report = sync(db, [(source, source.roots(folders))], options_of(db))
    assert report.problems == []
    return report
