"""A throw-away home for Claude Code: no setting or credential of this machine is read or written."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .script import Usage
from .workspace import Workspace

DUMMY_API_KEY = "sk-ant-api03-not-a-key-000000000000000000"
DUMMY_OAUTH_TOKEN = "sk-ant-oat01-not-a-token-0000000000000000"
ALLOWED_TOOLS = ["Read", "Edit", "Write", "Bash", "Glob", "Grep", "Agent", "Task", "WebSearch", "WebFetch"]
APPROVED_KEY_CHARACTERS = 20  # the client remembers an approved key by its end


class ClaudeHome:
    """The files of one imaginary user of Claude Code, past every first-run question."""

    def __init__(self, root: Path) -> None:
        self.workspace = Workspace(root)
        self.path = self.workspace.home
        self.project = self.workspace.project
        self.config.mkdir(exist_ok=True)
        self._write_state()
        self.update_settings({"permissions": {"defaultMode": "default", "allow": ALLOWED_TOOLS}})

    @property
    def config(self) -> Path:
        """The `.claude` folder: settings, plugins, and transcripts under `projects`; the value for `--claude-dir`."""
        return self.path / ".claude"

    @property
    def transcripts(self) -> list[Path]:
        """All transcripts, those of subagents included."""
        return sorted((self.config / "projects").glob("**/*.jsonl"))

    def rows(self) -> list[dict[str, Any]]:
        """Every record of every transcript, file by file."""
        return [json.loads(line) for path in self.transcripts for line in path.read_text().splitlines()]

    def recorded_usage(self) -> dict[str, Usage]:
        """Usage by message id, as the transcripts tell it; this version writes the final usage on every line."""
        usages: dict[str, Usage] = {}
        for row in self.rows():
            if row["type"] == "assistant" and row["message"]["model"] != "<synthetic>":
                usages[row["message"]["id"]] = _usage_of(row["message"]["usage"])
        return usages

    def settings(self) -> dict[str, Any]:
        """The user's settings as they are now (the client edits them too)."""
        path = self.config / "settings.json"
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def update_settings(self, changes: Mapping[str, Any]) -> None:
        """Set top-level keys of the user's settings, such as `hooks` or `statusLine`; other keys stay."""
        (self.config / "settings.json").write_text(json.dumps(self.settings() | dict(changes), indent=2))

    def trust(self, folder: Path) -> None:
        """Answer the trust dialog for a folder beforehand."""
        state_path = self.path / ".claude.json"
        state = json.loads(state_path.read_text())
        state.setdefault("projects", {})[str(folder)] = {"hasTrustDialogAccepted": True}
        state_path.write_text(json.dumps(state))

    def _write_state(self) -> None:
        state = {
            "hasCompletedOnboarding": True,
            "hasSeenAutoDefaultNudge": True,
            "officialMarketplaceAutoInstallAttempted": True,
            "officialMarketplaceAutoInstalled": True,
            "theme": "dark",
            "customApiKeyResponses": {"approved": [DUMMY_API_KEY[-APPROVED_KEY_CHARACTERS:]], "rejected": []},
        }
        (self.path / ".claude.json").write_text(json.dumps(state))
        self.trust(self.project)


def _usage_of(usage: Mapping[str, Any]) -> Usage:
    split = usage["cache_creation"]
    return Usage(
        input_tokens=usage["input_tokens"],
        cache_read_tokens=usage["cache_read_input_tokens"],
        cache_write_5m_tokens=split["ephemeral_5m_input_tokens"],
        cache_write_1h_tokens=split["ephemeral_1h_input_tokens"],
        output_tokens=usage["output_tokens"],
    )
