"""The months with work, and the one that a screen shows."""

import sqlite3
from calendar import monthrange
from datetime import date

from store.reads.filter import Filter
from store.reads.spend import spend_rows
from tui.snapshot import Month


def requested_month(db: sqlite3.Connection, requested: str, today: date) -> Month:
    """The month to show."""
    return chosen_month([_first_of(row.key) for row in spend_rows(db, "month", Filter())], requested, today)


def chosen_month(months: list[date], requested: str, today: date) -> Month:
    """The requested month (`2026-11`), or the nearest to it; `months`: those with work.

    With "": the latest with work. Months after today come from a wrong clock; they are shown only if there is no other.
    """
    known = months or [today.replace(day=1)]
    latest = max((month for month in known if month <= today), default=known[-1])
    first = max(known[0], min(_first_of(requested), known[-1])) if requested else latest
    last = first.replace(day=monthrange(first.year, first.month)[1])
    return Month(first, last, earlier=first > known[0], later=first < known[-1])


def filter_of(month: Month) -> Filter:
    """The filter for a month."""
    return Filter(since=month.first.isoformat(), until=month.last.isoformat())


def _first_of(month: str) -> date:
    return date.fromisoformat(f"{month[:7]}-01")
