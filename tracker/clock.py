"""The current time, asked for in one place so that tests can hold it still, and recorded times as reports give them.

UTC in ISO 8601 for programs, the local time for people.
"""

from datetime import UTC, date, datetime


def now() -> datetime:
    """This moment in the local zone."""
    return datetime.now().astimezone()


def today() -> date:
    """The local day."""
    return now().date()


def now_ms() -> int:
    """This moment in epoch milliseconds."""
    return int(now().timestamp() * 1000)


def iso(at_ms: int | None) -> str | None:
    """An epoch time in milliseconds as `2026-11-20T09:12:00.000Z`: all of one length, so texts sort as times do."""
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local(at_ms: float) -> datetime:
    """An epoch time in milliseconds on this machine's wall clock."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone()


def short_day(at_ms: float) -> str:
    """The local day of a time: 11-20, or 2025-11-20 of another year."""
    return f"{local(at_ms):{'%m-%d' if _is_of_this_year(at_ms) else '%Y-%m-%d'}}"


def short_time(at_ms: float) -> str:
    """Local day and time: 11-20 09:12, or 2025-11-20 of another year, in no more room."""
    return f"{local(at_ms):{'%m-%d %H:%M' if _is_of_this_year(at_ms) else '%Y-%m-%d'}}"


def ago(at_ms: int, now: int | None = None) -> str:
    """How long ago a time was, in its largest unit: 3 d ago, 40 s ago."""
    seconds = max(0, ((now_ms() if now is None else now) - at_ms) // 1000)
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def _is_of_this_year(at_ms: float) -> bool:
    return local(at_ms).year == today().year


def day_begins(day: date) -> int:
    """Epoch milliseconds of a local day's first moment: one o'clock where the clocks go forward at midnight."""
    # A naive time's own timestamp finds that moment; one made aware before is an hour early on such a day.
    return round(datetime.combine(day, datetime.min.time()).timestamp() * 1000)
