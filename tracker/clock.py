"""The current time, read in one place so that tests can freeze it, and the formats of recorded times in reports.

Programs get UTC in ISO 8601, people local time.
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
    """An epoch time in milliseconds as `2026-11-20T09:12:00.000Z`: fixed length, so strings sort like times."""
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local(at_ms: float) -> datetime:
    """An epoch time in milliseconds as local time."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone()


def short_day(at_ms: float) -> str:
    """The local day: 11-20, or 2025-11-20 if not this year."""
    return f"{local(at_ms):{'%m-%d' if _is_of_this_year(at_ms) else '%Y-%m-%d'}}"


def short_time(at_ms: float) -> str:
    """Local day and time: 11-20 09:12, or just 2025-11-20 if not this year."""
    return f"{local(at_ms):{'%m-%d %H:%M' if _is_of_this_year(at_ms) else '%Y-%m-%d'}}"


def ago(at_ms: int, now: int | None = None) -> str:
    """How long ago a time was, in the largest unit that fits: 3 d ago, 40 s ago."""
    seconds = max(0, ((now_ms() if now is None else now) - at_ms) // 1000)
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def _is_of_this_year(at_ms: float) -> bool:
    return local(at_ms).year == today().year


def day_start_ms(day: date) -> int:
    """Start of a local day in epoch milliseconds: 01:00 where the clocks go forward at midnight."""
    # timestamp() of a naive time handles that day; of an aware one it would be an hour early.
    return round(datetime.combine(day, datetime.min.time()).timestamp() * 1000)
