"""Times as reports give them: UTC in ISO 8601 for programs, the wall clock for people."""

from datetime import UTC, datetime


def iso(at_ms: int | None) -> str | None:
    """An epoch time in milliseconds as `2026-11-20T09:12:00.000Z`: all of one length, so texts sort as times do."""
    if at_ms is None:
        return None
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local(at_ms: float) -> datetime:
    """An epoch time in milliseconds on this machine's wall clock."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone()
