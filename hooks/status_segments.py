"""The segments of the status line: short texts made from the client's JSON and the advice.

Each is empty when there is nothing to say. Figures of the task and the day come from the advice; without it the
session's cost is the client's own, and says so. Nothing here reads a file or a clock.
"""

import math
import time

from store.money import nano_from_float, short_usd
from store.plain_text import plain

SEGMENTS = ("task", "today", "context", "cache", "limits", "nudge")
LIMIT_WINDOWS = {"five_hour": "5h", "seven_day": "7d"}
_LIMIT_WARNING_PERCENT = 75
_LIMIT_ALARM_PERCENT = 90
_CACHE_WARNING_SECONDS = 60
_LARGEST_USD = 1e9
_LATEST_SECOND = 1e11  # beyond this a time is none
_CLOCK, _DAY = "%H:%M", "%a %H:%M"

PLAIN, WARNING, ALARM, ADVICE = "", "33", "31", "1"  # terminal styles; the words alone say the same


def number(status: dict[str, object], *keys: str) -> float | None:
    """A finite number at the end of this path of keys, else None."""
    value: object = status
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return value if math.isfinite(value) else None
    except OverflowError:
        return None


def client_cost_nano(status: dict[str, object]) -> int | None:
    """The session's cost according to the client, in nano-dollars."""
    cost_usd = number(status, "cost", "total_cost_usd")
    return None if cost_usd is None or not 0 <= cost_usd < _LARGEST_USD else nano_from_float(cost_usd)


def limit_windows(status: dict[str, object]) -> list[tuple[str, float, float | None]]:
    """The plan windows in the client's JSON: kind, used percentage, and the epoch second of the reset if known."""
    windows: list[tuple[str, float, float | None]] = []
    for kind in LIMIT_WINDOWS:
        used_percent = number(status, "rate_limits", kind, "used_percentage")
        resets_at = number(status, "rate_limits", kind, "resets_at")
        if used_percent is not None:
            is_known = resets_at is not None and 0 < resets_at < _LATEST_SECOND
            windows.append((kind, used_percent, resets_at if is_known else None))
    return windows


def segments(
    status: dict[str, object], advice: dict[str, object], nudge: str, now_ms: int, *, is_refreshed: bool
) -> dict[str, tuple[str, str]]:
    """Text and style of every segment.

    `is_refreshed`: the client redraws the line by itself, so a clock may count down; otherwise it names the time.
    """
    return {
        "task": _task(status, advice),
        "today": _today(advice, now_ms),
        "context": _context(status, advice),
        "cache": _cache(status, now_ms, is_refreshed=is_refreshed),
        "limits": _limits(status, now_ms),
        "nudge": (plain(nudge), ADVICE),
    }


def _task(status: dict[str, object], advice: dict[str, object]) -> tuple[str, str]:
    task_nano = number(advice, "task_cost_nano")
    label, cost_nano = ("task", int(task_nano)) if task_nano is not None else ("session", client_cost_nano(status))
    if cost_nano is None:
        return "", PLAIN
    # A subscriber does not pay this amount: it is what the API would have cost.
    api_equivalent = advice.get("api_equivalent", bool(limit_windows(status)))
    figure = _at_least(advice, "task_is_floor") + short_usd(cost_nano)
    return f"{label} {figure}{' API-equivalent' if api_equivalent else ''}", PLAIN


def _today(advice: dict[str, object], now_ms: int) -> tuple[str, str]:
    today_nano, ends_at = number(advice, "today_cost_nano"), number(advice, "today_ends_at")
    if today_nano is None or (ends_at is not None and now_ms >= ends_at):
        return "", PLAIN
    return f"today {_at_least(advice, 'today_is_floor')}{short_usd(int(today_nano))}", PLAIN


def _at_least(advice: dict[str, object], key: str) -> str:
    """The mark of a cost that is a floor, because the output of some calls is not fully recorded."""
    return "≥" if advice.get(key) is True else ""


def _context(status: dict[str, object], advice: dict[str, object]) -> tuple[str, str]:
    """Tokens in the context beside the level from which compacting pays, or the share of the window."""
    tokens = _context_tokens(status)
    if not tokens:
        return "", PLAIN
    level = number(advice, "compact_at_tokens")
    if level:
        is_over = tokens >= level
        return (
            f"context {_tokens(tokens)}/{_tokens(level)}{' compact' if is_over else ''}",
            WARNING if is_over else PLAIN,
        )
    share = number(status, "context_window", "used_percentage")
    return f"context {_tokens(tokens)}{'' if share is None else f' ({share:.0f}%)'}", PLAIN


def _context_tokens(status: dict[str, object]) -> float | None:
    """Prompt tokens of the latest request; until 2.1.90 the client's own total was over all requests, without cache."""
    window = status.get("context_window")
    if not isinstance(window, dict) or "current_usage" not in window:
        return number(status, "context_window", "total_input_tokens")
    parts = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    return sum(number(status, "context_window", "current_usage", part) or 0 for part in parts)


def _cache(status: dict[str, object], now_ms: int, *, is_refreshed: bool) -> tuple[str, str]:
    expires_at = number(status, "prompt_cache", "expires_at")
    if expires_at is None:
        return "", PLAIN
    left_seconds = int(expires_at - now_ms / 1000)
    if left_seconds <= 0:
        return "cache cold", WARNING
    style = WARNING if left_seconds < _CACHE_WARNING_SECONDS else PLAIN
    if is_refreshed:
        return f"cache {left_seconds // 60}:{left_seconds % 60:02d}", style
    return f"cache until {_local(_CLOCK, expires_at)}", style


def _limits(status: dict[str, object], now_ms: int) -> tuple[str, str]:
    parts, highest, now_seconds = [], 0.0, now_ms / 1000
    for kind, used_percent, resets_at in limit_windows(status):
        if resets_at is not None and resets_at <= now_seconds:
            continue  # the window has ended, and nothing is known of the next one
        highest = max(highest, used_percent)
        until = ""
        if resets_at is not None and used_percent >= _LIMIT_WARNING_PERCENT:
            until = f" until {_local(_CLOCK if resets_at - now_seconds < 86_400 else _DAY, resets_at)}"
        parts.append(f"{LIMIT_WINDOWS[kind]} {used_percent:.0f}%{until}")
    style = ALARM if highest >= _LIMIT_ALARM_PERCENT else WARNING if highest >= _LIMIT_WARNING_PERCENT else PLAIN
    return " ".join(parts), style


def _tokens(count: float) -> str:
    if count < 1000:
        return f"{count:.0f}"
    return f"{count / 1000:.0f}k" if count < 999_500 else f"{count / 1_000_000:.2f}M"


def _local(form: str, epoch_seconds: float) -> str:
    try:
        return time.strftime(form, time.localtime(epoch_seconds))
    except (OverflowError, ValueError, OSError):
        return "?"
