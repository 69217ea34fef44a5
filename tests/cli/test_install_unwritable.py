"""`install` where something cannot be read or written: one sentence, and every file of the agents is as before."""

import os
from pathlib import Path

import pytest

from tests.cli.running import Taximeter, contents


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with both agents, and a state folder that cannot be made: a file stands in its way."""
    home = Path(os.environ["HOME"])
    for folder in (home / ".claude" / "projects", home / ".cline" / "hooks"):
        folder.mkdir(parents=True)
    (home / ".claude" / "settings.json").write_text('{"model": "opus"}')
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TAXIMETER_HOME", str(tmp_path / "file" / "state"))
    return home


@pytest.mark.parametrize("agent", ["claude-code", "cline"])
def test_without_a_state_folder_nothing_is_installed(agent: str, machine: Path, taximeter: Taximeter) -> None:
    before = contents(machine)
    ran = taximeter("install", agent, "--yes")
    assert ran.code == 1
    assert ran.err.splitlines()[-1].startswith("taximeter: error: cannot write ")
    assert ran.err.endswith("; nothing was installed\n")
    assert "Traceback" not in ran.err
    assert contents(machine) == before


def test_settings_that_cannot_be_read_are_named(machine: Path, taximeter: Taximeter) -> None:
    settings = machine / ".claude" / "settings.json"
    settings.unlink()
    settings.mkdir()
    before = contents(machine)
    ran = taximeter("install", "claude-code", "--yes")
    assert (ran.code, ran.err) == (1, f"taximeter: error: cannot read {settings}: Is a directory\n")
    assert contents(machine) == before
