"""Drives the real Cline command line against the loopback server, one task a run, in a throw-away home.

Cline's Anthropic provider takes a base URL from its settings file only. Sessions run inside the command
(`CLINE_SESSION_BACKEND_MODE=local`): the default starts a daemon on a fixed port that outlives the test. Telemetry is
off by setting, feature flags by `IS_TEST`, which changes nothing else; so the only connection is to the server.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .npm_cache import UnavailableError, installed
from .script import Usage
from .workspace import CommandResult, Workspace

PACKAGE = "cline"
VERSION = "3.0.65"
MODEL = "claude-sonnet-4-5-20250929"
DUMMY_API_KEY = "sk-ant-api03-not-a-key-000000000000000000"


def cline_binary() -> Path:
    """The command, installed from npm on first use; raises UnavailableError if it cannot be had."""
    binary = installed(PACKAGE, VERSION) / ".bin" / "cline"
    if not os.access(binary, os.X_OK):
        raise UnavailableError(f"{PACKAGE}@{VERSION} brings no binary for this platform")
    return binary


class ClineHome:
    """The files of one imaginary user of Cline, signed in to the server with a dummy key."""

    def __init__(self, root: Path, server_url: str) -> None:
        self.workspace = Workspace(root)
        self.path = self.workspace.home
        self.project = self.workspace.project
        settings = {"provider": "anthropic", "apiKey": DUMMY_API_KEY, "model": MODEL, "baseUrl": f"{server_url}/v1"}
        provider = {"settings": settings, "updatedAt": "2026-01-01T00:00:00.000Z", "tokenSource": "manual"}
        providers = {"version": 1, "lastUsedProvider": "anthropic", "modes": {}, "providers": {"anthropic": provider}}
        settings_folder = self.folder / "data" / "settings"
        settings_folder.mkdir(parents=True, exist_ok=True)
        (settings_folder / "providers.json").write_text(json.dumps(providers))
        quiet = {"telemetryOptOut": True, "autoUpdateEnabled": False}
        (settings_folder / "global-settings.json").write_text(json.dumps(quiet))

    @property
    def folder(self) -> Path:
        """The `.cline` folder, the value for `--cline-dir`; file hooks lie in its `hooks`, plugins in its `plugins`."""
        return self.path / ".cline"

    @property
    def transcripts(self) -> list[Path]:
        """The message files of all sessions, those of subagents included."""
        return sorted((self.folder / "data" / "sessions").glob("*/*.messages.json"))

    def recorded_usage(self) -> list[Usage]:
        """Usage of every recorded request, in order of time; Cline's input count includes what was cached."""
        messages = [message for path in self.transcripts for message in json.loads(path.read_text())["messages"]]
        metered = [message for message in messages if message.get("metrics")]
        return [_usage_of(message["metrics"]) for message in sorted(metered, key=lambda message: message["ts"])]


class ClineClient:
    """One imaginary user's Cline: a binary and a home."""

    def __init__(self, binary: Path, home: ClineHome) -> None:
        self.binary = binary
        self.home = home

    def environment(self) -> dict[str, str]:
        """The whole environment of a run."""
        return {
            **self.home.workspace.environment(),
            "CLINE_DIR": str(self.home.folder),
            "CLINE_NO_AUTO_UPDATE": "1",
            "CLINE_SESSION_BACKEND_MODE": "local",
            "IS_TEST": "true",
        }

    def cli(self, *arguments: str) -> CommandResult:
        """Run `cline ARGUMENTS` without a terminal, in the project."""
        return self.home.workspace.run([str(self.binary), *arguments], environment=self.environment())

    def run_task(self, prompt: str) -> CommandResult:
        """Do one task with all tools allowed; standard output is one JSON event a line, `run_result` last."""
        return self.cli("--json", "-P", "anthropic", prompt)


def _usage_of(metrics: Mapping[str, Any]) -> Usage:
    read, written = metrics["cacheReadTokens"], metrics["cacheWriteTokens"]
    return Usage(
        input_tokens=metrics["inputTokens"] - read - written,
        cache_read_tokens=read,
        cache_write_5m_tokens=written,
        output_tokens=metrics["outputTokens"],
    )
