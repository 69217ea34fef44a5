"""Where the transcripts of this machine are looked for (CLAUDE_CODE section 1.1)."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tracker.sources.claude_code import ClaudeCodeSource


def roots_of(given: Sequence[Path]) -> list[Path]:
    """The folders that the source would read."""
    return ClaudeCodeSource().roots(given)


def test_known_places_are_those_of_the_users_home(isolated_home: Path) -> None:
    home = Path.home()
    assert isolated_home.parent == home.parent, "the test must not look at a real home"
    assert roots_of([]) == []
    for folder in (home / ".claude" / "projects", home / ".config" / "claude" / "projects"):
        folder.mkdir(parents=True)
    assert roots_of([]) == [home / ".claude", home / ".config" / "claude"]


def test_claude_config_dir_takes_the_place_of_the_known_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (Path.home() / ".claude" / "projects").mkdir(parents=True)
    (tmp_path / "x" / "projects").mkdir(parents=True)
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "x"))
    assert roots_of([]) == [tmp_path / "x"]
