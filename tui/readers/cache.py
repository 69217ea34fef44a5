"""The Cache screen's part: the same report as `taximeter cache`, cut to a month."""

import sqlite3
from datetime import date

from store.board_reads import rewrite_days
from store.filter import Filter
from tracker.reports.cache import cache_report
from tui.readers.spend import chosen_month, months_with_work
from tui.snapshot import CachePart

_MOST_MISSES = 500


def read_cache(db: sqlite3.Connection, month: str, today: date) -> CachePart:
    """The part for a month (`2026-11`; "": the latest with work)."""
    months = months_with_work(db)
    first, last = chosen_month(months, month, today)
    chosen = Filter(since=first.isoformat(), until=last.isoformat())
    return CachePart(
        month=first,
        earlier=any(one < first for one in months),
        later=any(one > first for one in months),
        report=cache_report(db, chosen, most_misses=_MOST_MISSES),
        rewrite={
            date.fromisoformat(row.day): row.written / row.peaks
            for row in rewrite_days(db, first.isoformat(), last.isoformat())
            if row.peaks
        },
    )
