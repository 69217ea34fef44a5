"""Reads which plan Claude Code is logged in with: one field of its own settings file, and nothing else of it."""

from pathlib import Path

import msgspec

from tracker.claude_folders import configured_folders

# What the client calls a plan's tier (PRICES section 3.4).
_TIERS = {
    "default_claude_pro": "pro",
    "default_claude_max_5x": "max",
    "default_claude_max_20x": "ultra",
}


class _Account(msgspec.Struct, frozen=True):
    rateLimitTier: str | None = None  # noqa: N815 — the client's name


class _ClientFile(msgspec.Struct, frozen=True):
    oauthAccount: _Account | None = None  # noqa: N815 — the client's name


def detected_plan() -> str | None:
    """The id of the plan of this machine's login; None if there is none, its tier is not known, or logins differ."""
    found = {plan for folder in configured_folders() or [Path.home()] if (plan := _plan_of(folder / ".claude.json"))}
    return found.pop() if len(found) == 1 else None


def _plan_of(path: Path) -> str | None:
    try:
        account = msgspec.json.decode(path.read_bytes(), type=_ClientFile).oauthAccount
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return _TIERS.get(account.rateLimitTier or "") if account else None
