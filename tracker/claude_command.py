"""Finds the `claude` command on this machine, and its version."""

import os
import re
import shutil
import subprocess

_VERSION_SECONDS = 10.0


def client_binary() -> str | None:
    """Path of the `claude` command, on PATH or in its usual places; None if not found."""
    places = [os.environ.get("PATH", ""), "~/.local/bin", "~/.claude/local"]
    return shutil.which("claude", path=os.pathsep.join(map(os.path.expanduser, places)))


def client_version() -> tuple[int, ...] | None:
    """Version of the `claude` command; None if it is missing or does not answer."""
    binary = client_binary()
    if binary is None:
        return None
    try:
        said = subprocess.run(  # noqa: S603 — the user's own client
            [binary, "--version"], capture_output=True, text=True, timeout=_VERSION_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.match(r"\s*(\d+)\.(\d+)\.(\d+)", said.stdout)
    return tuple(int(part) for part in found.groups()) if found else None
