"""The current time, asked for in one place so that tests can hold it still."""

from datetime import date, datetime


def now() -> datetime:
    """This moment in the local zone."""
    return datetime.now().astimezone()


def today() -> date:
    """The local day."""
    return now().date()


def now_ms() -> int:
    """This moment in epoch milliseconds."""
    return int(now().timestamp() * 1000)
