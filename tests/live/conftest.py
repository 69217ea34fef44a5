"""Fixtures of the live tests; what a machine lacks (npm, tmux, the network) skips a test with the reason.

With TAXIMETER_LIVE_MUST_RUN it fails instead: for a gate that has looked whether the tests can run.
"""

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from .claude_client import ClaudeClient, claude_binary
from .claude_home import ClaudeHome
from .cline_client import ClineClient, ClineHome, cline_binary
from .messages_server import MessagesServer
from .npm_cache import UnavailableError


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known: strict mode wants every marker declared."""
    config.addinivalue_line("markers", "live: drives a real agent; only `python -m pytest tests/live` runs it")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.live)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None, object, object]:
    """Skip when a fixture finds the machine lacking."""
    try:
        return (yield)
    except UnavailableError as lack:
        _give_up(lack)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, object, object]:
    """Skip when the test itself finds the machine lacking."""
    try:
        return (yield)
    except UnavailableError as lack:
        _give_up(lack)


def _give_up(lack: UnavailableError) -> NoReturn:
    if os.environ.get("TAXIMETER_LIVE_MUST_RUN"):
        pytest.fail(str(lack))
    pytest.skip(str(lack))


@pytest.fixture
def server() -> Iterator[MessagesServer]:
    """A running model server; nothing is scripted yet, so every prompt is answered `Done.`"""
    with MessagesServer() as running:
        yield running


@pytest.fixture
def home(tmp_path: Path) -> ClaudeHome:
    """A fresh home of Claude Code with a project."""
    return ClaudeHome(tmp_path)


@pytest.fixture
def client(home: ClaudeHome, server: MessagesServer) -> ClaudeClient:
    """Claude Code in that home, talking to that server with a dummy key."""
    return ClaudeClient(claude_binary(), home, server)


@pytest.fixture
def cline_home(tmp_path: Path, server: MessagesServer) -> ClineHome:
    """A fresh home of Cline with a project, signed in to the server."""
    return ClineHome(tmp_path / "cline", server.url)


@pytest.fixture
def cline_client(cline_home: ClineHome) -> ClineClient:
    """Cline in that home."""
    return ClineClient(cline_binary(), cline_home)
