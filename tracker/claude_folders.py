"""The folders of Claude Code that the user's environment names."""

import os
from pathlib import Path


def configured_folders() -> list[Path]:
    """Those of `CLAUDE_CONFIG_DIR`, separated by commas where several clients have one each; none if it is not set."""
    parts = os.environ.get("CLAUDE_CONFIG_DIR", "").split(",")
    return [Path(part.strip()).expanduser() for part in parts if part.strip()]


def user_folders() -> list[Path]:
    """Where the client takes the user's settings and instructions from: the same, else `~/.claude`."""
    return configured_folders() or [Path.home() / ".claude"]
