"""A Claude Code folder of a test, and the installer run on it."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tracker.cli.app import run as run_command


def meter(*arguments: str) -> int:
    """Run `taximeter ARGUMENTS` in this process; returns the exit code."""
    return run_command(arguments)


def install(claude: Path, *options: str) -> int:
    """Install into this folder without a question."""
    return meter("install", "claude-code", "--claude-dir", str(claude), "--yes", *options)


def uninstall(claude: Path) -> int:
    """Uninstall from this folder without a question."""
    return meter("uninstall", "claude-code", "--claude-dir", str(claude), "--yes")


def settings_of(claude: Path) -> dict[str, Any]:
    """The settings as they are now."""
    return dict(json.loads((claude / "settings.json").read_text(encoding="utf-8-sig")))


def empty_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let PATH hold nothing but what a test puts into the returned folder."""
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def fake_client(folder: Path, version: str) -> None:
    """A `claude` that knows its version and nothing else."""
    (folder / "claude").write_text(f"#!/bin/sh\necho '{version} (Claude Code)'\n")
    (folder / "claude").chmod(0o755)


def installed_commands(claude: Path) -> dict[str, str]:
    """Event, or `statusLine` -> our command."""
    settings = settings_of(claude)
    commands = {event: groups[-1]["hooks"][0]["command"] for event, groups in settings["hooks"].items()}
    return {**commands, "statusLine": settings["statusLine"]["command"]}


def shell(command: str, payload: bytes) -> subprocess.CompletedProcess[bytes]:
    """Run a command as Claude Code does, with next to no environment."""
    bare = {"PATH": os.defpath, "HOME": os.environ["HOME"]}
    return subprocess.run(["/bin/sh", "-c", command], input=payload, capture_output=True, env=bare, check=False)
