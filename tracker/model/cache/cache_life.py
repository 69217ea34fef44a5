"""Lifetime of cache entries (MODEL section 4)."""

from tracker.model.defaults import DEFAULTS, TTL_1H_MS, TTL_5M_MS


def written_ttl(write_5m: int, write_1h: int) -> int | None:
    """Lifetime in ms of a call's cache write; None if it wrote nothing, or with both lifetimes."""
    if bool(write_5m) == bool(write_1h):
        return None
    return TTL_1H_MS if write_1h else TTL_5M_MS


def is_expired(age_ms: int, ttl_ms: int | None) -> bool:
    """Whether the lifetime and the grace period are over; False for an unknown lifetime."""
    return ttl_ms is not None and age_ms >= ttl_ms + DEFAULTS.expiry_grace_ms
