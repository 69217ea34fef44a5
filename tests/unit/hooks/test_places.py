"""Hooks look for the state folder where the rest of the program does."""

from pathlib import Path

import pytest
from platformdirs import macos, unix

from hooks.places import launcher, state_home
from store.ledger import home


def test_the_environment_variable_names_the_state_folder(isolated_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert state_home("/recorded") == str(isolated_home) == str(home())
    monkeypatch.setenv("TAXIMETER_HOME", "~/meter")
    assert state_home() == str(home())
    assert "~" not in state_home()


@pytest.mark.parametrize("data_folder", [None, "", "relative/folder", "/data"])
@pytest.mark.parametrize(("platform", "folders"), [("linux", unix.Unix), ("darwin", macos.MacOS)])
def test_without_the_variable_the_platforms_folder_is_used(
    data_folder: str | None, platform: str, folders: type[unix.Unix], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TAXIMETER_HOME")
    monkeypatch.setattr("sys.platform", platform)
    if data_folder is not None:
        monkeypatch.setenv("XDG_DATA_HOME", data_folder)
    assert state_home() == folders("taximeter").user_data_dir
    assert state_home("/recorded") == "/recorded"


def test_the_launcher_exists() -> None:
    assert Path(launcher()).is_file()
