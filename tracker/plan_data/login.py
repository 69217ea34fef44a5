"""Reads which plan Claude Code is logged in with, from one field of its settings file."""

from pathlib import Path

import msgspec

from tracker.claude_folders import configured_folders

# The client's names of plans' tiers (PRICES section 3.4).
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
    """Plan id of this machine's login; None without a login, for an unknown tier, or if logins differ."""
    found = {plan for folder in configured_folders() or [Path.home()] if (plan := _plan_of(folder / ".claude.json"))}
    return found.pop() if len(found) == 1 else None


def _plan_of(path: Path) -> str | None:
    try:
        account = msgspec.json.decode(path.read_bytes(), type=_ClientFile).oauthAccount
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return _TIERS.get(account.rateLimitTier or "") if account else None
