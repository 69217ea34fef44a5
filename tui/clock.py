"""The wall clock, as one function that tests replace, and its times as days and hours."""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo

Clock = Callable[[], int]


def now_ms() -> int:
    """Epoch milliseconds."""
    return time.time_ns() // 1_000_000


def moment(at_ms: int, zone: tzinfo | None) -> datetime:
    """A time of the ledger on the wall clock of this machine (`zone` None) or of a frozen zone."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone)


def local_day(at_ms: int, zone: tzinfo | None) -> date:
    """The local day of a time."""
    return moment(at_ms, zone).date()
