"""The command line inside this process, without folders, over captured sessions, or over a small tree."""

from pathlib import Path

import pytest

from tests.cli.history import NOW
from tests.cli.running import SCENARIOS, Taximeter
from tests.unit.ledger.captured import DATA
from tests.unit.ledger.plain import FILE, session_of
from tests.unit.ledger.reading import write_tree


@pytest.fixture
def taximeter(capsys: pytest.CaptureFixture[str]) -> Taximeter:
    """The command line without folders."""
    return Taximeter(capsys)


@pytest.fixture
def captured(taximeter: Taximeter) -> Taximeter:
    """The command line over several captured sessions."""
    taximeter.claude_dirs = [DATA / name for name in SCENARIOS]
    return taximeter


@pytest.fixture
def tree(taximeter: Taximeter, tmp_path: Path) -> Path:
    """A folder with one session of three calls, given to every command."""
    taximeter.claude_dirs = [write_tree(tmp_path / "claude", {FILE: session_of(3)})]
    return taximeter.claude_dirs[0]


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands still at NOW."""
    monkeypatch.setattr("tracker.clock.now", NOW.astimezone)
