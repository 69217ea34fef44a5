"""Drives the real Claude Code against the loopback server: print mode, its sub-commands, and the screen in tmux."""

import os
from collections.abc import Mapping
from pathlib import Path

from .claude_home import DUMMY_API_KEY, DUMMY_OAUTH_TOKEN, ClaudeHome
from .claude_screen import InteractiveSession
from .messages_server import MessagesServer
from .npm_cache import UnavailableError, installed
from .workspace import CommandResult

PACKAGE = "@anthropic-ai/claude-code"
VERSION = "2.1.330"


def claude_binary() -> Path:
    """The client's native binary, installed from npm on first use; raises UnavailableError if it cannot be had."""
    modules = installed(PACKAGE, VERSION)
    for binary in sorted(modules.glob("@anthropic-ai/claude-code-*/claude")):
        if os.access(binary, os.X_OK):
            return binary
    raise UnavailableError(f"{PACKAGE}@{VERSION} brings no binary for this platform")


class ClaudeClient:
    """One imaginary user's Claude Code: a binary, a home, a server.

    `subscription` signs in with a dummy OAuth token instead of a dummy key. `environment` adds variables to every
    run, or takes one away with the value None.
    """

    def __init__(
        self,
        binary: Path,
        home: ClaudeHome,
        server: MessagesServer,
        *,
        subscription: bool = False,
        environment: Mapping[str, str | None] | None = None,
    ) -> None:
        self.binary = binary
        self.home = home
        self.server = server
        self._subscription = subscription
        self._changes = dict(environment or {})

    def environment(self) -> dict[str, str]:
        """The whole environment of a run."""
        credential = (
            {"CLAUDE_CODE_OAUTH_TOKEN": DUMMY_OAUTH_TOKEN}
            if self._subscription
            else {"ANTHROPIC_API_KEY": DUMMY_API_KEY}
        )
        variables: dict[str, str | None] = {
            **self.home.workspace.environment(),
            **credential,
            "ANTHROPIC_BASE_URL": self.server.url,
            "DISABLE_AUTOUPDATER": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "IS_SANDBOX": "1",
            **self._changes,
        }
        return {name: value for name, value in variables.items() if value is not None}

    def cli(self, *arguments: str) -> CommandResult:
        """Run `claude ARGUMENTS` without a terminal, in the project."""
        return self.home.workspace.run([str(self.binary), *arguments], environment=self.environment())

    def run_print(self, prompt: str, *arguments: str) -> CommandResult:
        """Answer one prompt in print mode; standard output is the result as one JSON object."""
        return self.cli("-p", prompt, "--output-format", "json", *arguments)

    def interactive(self, *arguments: str) -> InteractiveSession:
        """Start the client on a terminal and wait until it takes a prompt; use it as a context manager."""
        command = [str(self.binary), *arguments]
        return InteractiveSession(command, self.server, environment=self.environment(), folder=self.home.project)
