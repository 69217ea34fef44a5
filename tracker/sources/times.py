"""Times of records in epoch milliseconds; valid ones lie between the years 2000 and 2199.

A time outside is damage, like one that cannot be parsed; some zones have no local day for the ends of the calendar.
"""

from datetime import UTC, datetime

EARLIEST_MS = 946_684_800_000
LATEST_MS = 7_258_118_399_999


def sane_ms(at: float | None) -> int | None:
    """A recorded time as an integer; None if it is missing or out of range."""
    return int(at) if at is not None and EARLIEST_MS <= at <= LATEST_MS else None


def iso_ms(text: str | None) -> int | None:
    """Epoch milliseconds of an ISO 8601 time (UTC if it names no zone); None if missing, malformed or out of range."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return sane_ms(round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000))
    except (ValueError, OverflowError):
        return None
