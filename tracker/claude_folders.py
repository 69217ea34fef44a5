"""Claude Code folders named by the user's environment."""

import os
from pathlib import Path


def configured_folders() -> list[Path]:
    """The folders in `CLAUDE_CONFIG_DIR`, separated by commas; empty if it is not set."""
    parts = os.environ.get("CLAUDE_CONFIG_DIR", "").split(",")
    return [Path(part.strip()).expanduser() for part in parts if part.strip()]


def user_folders() -> list[Path]:
    """Folders of the user's settings and instructions: the configured ones, else `~/.claude`."""
    return configured_folders() or [Path.home() / ".claude"]
