"""The Cache screen's part: the same report as `taximeter cache`, cut to a month."""

import sqlite3
from datetime import date

from store.reads.cache import rewrite_days
from tracker.reports.cache import cache_report
from tui.readers.months import filter_of
from tui.snapshot import CachePart, Month

_MOST_MISSES = 500


def read_cache(db: sqlite3.Connection, month: Month) -> CachePart:
    """The part for a month."""
    days = rewrite_days(db, month.first.isoformat(), month.last.isoformat())
    return CachePart(
        month=month,
        report=cache_report(db, filter_of(month), most_misses=_MOST_MISSES),
        rewrite={date.fromisoformat(row.day): row.written / row.peaks for row in days if row.written},
    )
