"""Commands of the program in processes of their own."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def start(*command: str, cwd: Path = ROOT, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a command in a process of its own."""
    return subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, timeout=60, check=False
    )
