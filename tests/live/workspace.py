"""The folders and the environment of one imaginary user; commands run in them inherit nothing but PATH."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEAD_PROXY = "http://127.0.0.1:9"  # the discard port: nothing listens


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended and what it printed."""

    exit_code: int
    stdout: str
    stderr: str

    def json(self) -> dict[str, Any]:
        """Standard output read as one JSON object; ValueError if it is none."""
        return dict(json.loads(self.stdout))

    def json_lines(self) -> list[dict[str, Any]]:
        """Standard output read as one JSON object a line; ValueError if it is not."""
        return [dict(json.loads(line)) for line in self.stdout.splitlines() if line.strip()]


class Workspace:
    """`root/home`, `root/project` (a git repository with one commit) and `root/tmp`, made when they are not there."""

    def __init__(self, root: Path) -> None:
        self.home = root / "home"
        self.project = root / "project"
        self.temporary = root / "tmp"
        for folder in (self.home, self.project, self.temporary):
            folder.mkdir(parents=True, exist_ok=True)
        if not (self.project / ".git").exists():
            self._start_repository()

    def environment(self) -> dict[str, str]:
        """The variables that any command of this user gets; whatever is not on this machine is behind a dead proxy."""
        return {
            "HOME": str(self.home),
            "PATH": os.environ.get("PATH", os.defpath),
            "TMPDIR": str(self.temporary),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "SHELL": "/bin/bash",
            "HTTP_PROXY": DEAD_PROXY,
            "HTTPS_PROXY": DEAD_PROXY,
            "NO_PROXY": "127.0.0.1,localhost",
        }

    def run(self, command: Sequence[str], *, environment: Mapping[str, str] | None = None) -> CommandResult:
        """Run a command without a terminal, in the project; any exit code is a result.

        Raises subprocess.TimeoutExpired when it takes longer than two minutes.
        """
        done = subprocess.run(
            list(command),
            cwd=self.project,
            env=dict(environment if environment is not None else self.environment()),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120.0,
            check=False,
        )
        return CommandResult(done.returncode, done.stdout, done.stderr)

    def _start_repository(self) -> None:
        (self.project / "README.md").write_text("# A small project\n")
        identity = ("-c", "user.name=Live Test", "-c", "user.email=live@example.invalid")
        for arguments in (("init", "-q", "-b", "main"), ("add", "."), (*identity, "commit", "-q", "-m", "Start")):
            done = self.run(["git", *arguments])
            if done.exit_code:
                raise RuntimeError(f"git {arguments[0]}: {done.stderr}")
