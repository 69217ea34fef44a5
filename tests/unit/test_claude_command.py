"""The user's own `claude`: where it is looked for, and what its version is."""

import os
from pathlib import Path

import pytest

from tracker.claude_command import client_binary, client_version


def put(folder: Path, script: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "claude").write_text(script)
    (folder / "claude").chmod(0o755)
    return str(folder / "claude")


def test_the_client_is_found_on_path_first_and_at_its_usual_places_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert client_binary() is None
    assert client_version() is None
    home = Path(os.environ["HOME"])
    for folder in (home / ".claude" / "local", home / ".local" / "bin", tmp_path / "bin"):
        placed = put(folder, "#!/bin/sh\necho '2.1.329 (Claude Code)'\n")
        assert client_binary() == placed
    assert client_version() == (2, 1, 329)


@pytest.mark.parametrize("script", ["#!/nowhere/sh\n", "#!/bin/sh\necho what\n"])
def test_a_client_that_does_not_answer_has_no_version(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    put(tmp_path / "bin", script)
    assert client_version() is None
