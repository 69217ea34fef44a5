"""The Cache screen's part: the same report as `taximeter cache`, cut to a month."""

import sqlite3
from datetime import date

from store.reads.cache import day_peaks
from tracker.reports.cache import cache_report
from tui.readers.months import filter_of
from tui.snapshot import CachePart, Month

_MAX_MISSES = 500


def read_cache(db: sqlite3.Connection, month: Month) -> CachePart:
    """The part for a month."""
    chosen = filter_of(month)
    report, peaks = cache_report(db, chosen, max_misses=_MAX_MISSES), day_peaks(db, chosen)
    rewrite = {date.fromisoformat(one.day): one.written / peaks[one.day] for one in report.days if one.written}
    return CachePart(month=month, report=report, rewrite=rewrite)
