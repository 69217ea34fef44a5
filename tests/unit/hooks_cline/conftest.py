"""A machine with Cline on it, and hooks run as Cline runs them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hooks.install.cline_files import Targets, run_script
from hooks.install.commands import Program
from hooks.places import launcher

RunHook = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def program(home: Path) -> Program:
    """This installation."""
    return Program(sys.executable, launcher(), str(home))


@pytest.fixture
def user() -> Path:
    """The user's home."""
    return Path(os.environ["HOME"])


@pytest.fixture
def cline_folder(user: Path) -> Path:
    """An empty `.cline` folder."""
    folder = user / ".cline"
    folder.mkdir()
    return folder


@pytest.fixture
def where(cline_folder: Path, user: Path) -> Targets:
    """Both generations; the classic one's documents are the home itself, as on a bare Linux."""
    return Targets((cline_folder,), user / "Cline" / "Hooks")


@pytest.fixture
def run_hook(program: Program) -> RunHook:
    """Run the hook of an event with a payload on standard input."""
    return partial(run_as_cline, program)


def run_as_cline(program: Program, event: str, payload: Mapping[str, Any] | bytes) -> subprocess.CompletedProcess[str]:
    """Run the hook of an event as Cline does."""
    done = subprocess.run(
        [program.python, "-I", "-S", str(run_script(program)), event, "--home", program.home],
        input=payload if isinstance(payload, bytes) else json.dumps(payload).encode(),
        capture_output=True,
        env={"PATH": os.defpath, "HOME": os.environ["HOME"]},
        timeout=60,
        check=False,
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
