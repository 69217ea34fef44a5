"""The wall clock, as one function that tests replace."""

import time
from collections.abc import Callable
from datetime import date, datetime, tzinfo

Clock = Callable[[], int]


def now_ms() -> int:
    """Epoch milliseconds."""
    return time.time_ns() // 1_000_000


def local_day(at_ms: int, zone: tzinfo | None) -> date:
    """The local day of a time."""
    moment = datetime.fromtimestamp(at_ms / 1000, zone) if zone else datetime.fromtimestamp(at_ms / 1000).astimezone()
    return moment.date()
