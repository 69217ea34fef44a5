"""Times as reports give them: UTC in ISO 8601 for programs."""

from datetime import UTC, datetime


def iso(at_ms: int | None) -> str | None:
    """An epoch time in milliseconds as `2026-11-20T09:12:00Z`; milliseconds only where there are any."""
    if at_ms is None:
        return None
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    text = moment.isoformat(timespec="milliseconds" if at_ms % 1000 else "seconds")
    return text.replace("+00:00", "Z")
