"""What the installer has written, run as Claude Code runs it; and what `status` tells of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from hooks.install.commands import OLD_EVENTS
from store.ledger import home
from tests.cli.claude_folder import empty_path, install, installed_commands, meter, shell
from tests.unit.hooks.program import DATA, spool_lines


@pytest.fixture
def claude(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Claude Code folder without settings, on a machine without a `claude` command."""
    empty_path(tmp_path / "bin", monkeypatch)
    folder = tmp_path / "claude"
    folder.mkdir()
    return folder


def test_the_installed_commands_work_without_any_environment(claude: Path, home: Path) -> None:
    (claude / "settings.json").write_text('{"statusLine": {"type": "command", "command": "echo theirs; true"}}')
    install(claude)
    commands = installed_commands(claude)
    for command in commands.values():
        done = shell(command, b'{"session_id": "s"}')
        assert (done.returncode, done.stderr) == (0, b"")
    assert [line["event"] for line in spool_lines(home)] == [event for event in commands if event != "statusLine"]
    status = (DATA / "statusline.jsonl").read_bytes().splitlines()[-1]
    shown = shell(commands["statusLine"], status).stdout.decode().splitlines()
    assert shown[0] == "theirs"
    assert "session $" in shown[1]


def test_a_program_removed_without_uninstall_blocks_nothing_and_leaves_the_old_line(
    claude: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (claude / "settings.json").write_text('{"statusLine": {"type": "command", "command": "cat; echo theirs; true"}}')
    monkeypatch.setattr("hooks.install.claude_code.launcher", lambda: "/gone/taximeter.py")
    install(claude)
    for event, command in installed_commands(claude).items():
        done = shell(command, b"{}")
        assert (done.returncode, done.stdout) == (0, b"{}theirs\n" if event == "statusLine" else b"")


# -- status ----------------------------------------------------------------------------------------------------------


def status(claude: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    capsys.readouterr()
    assert meter("status", "claude-code", "--claude-dir", str(claude), "--json") == 0
    return dict(json.loads(capsys.readouterr().out))


def test_status_says_what_is_installed_and_what_fired(
    claude: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (claude / "settings.json").write_text('{"statusLine": {"type": "command", "command": "echo theirs"}}')
    assert status(claude, capsys)["folders"][0]["hooks"] == []
    install(claude)
    shell(installed_commands(claude)["Stop"], b"{}")
    told = status(claude, capsys)
    [folder] = told["folders"]
    assert folder == {
        "path": str(claude),
        "hooks": list(OLD_EVENTS),
        "plugin": False,
        "status_line": True,
        "wrapped_status_line": "echo theirs",
        "mixed": [],
        "problems": [],
    }
    assert list(told["fired"]) == ["Stop"]
    assert 0 < told["fired"]["Stop"]["took_ms"] < 5000
    assert told["spool_bytes"] > 0
    assert meter("status", "claude-code", "--claude-dir", str(claude)) == 0
    text = capsys.readouterr().out
    assert "hooks at SessionStart, " in text
    assert "status line below `echo theirs`" in text
    assert "s ago" in text


def test_status_points_at_a_program_that_is_gone(
    claude: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("hooks.install.claude_code.launcher", lambda: "/gone/taximeter.py")
    install(claude)
    [problem] = status(claude, capsys)["folders"][0]["problems"]
    assert problem.startswith("/gone/taximeter.py is gone")


def test_status_tells_of_hooks_that_report_to_another_state_folder(
    claude: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install(claude)
    assert status(claude, capsys)["folders"][0]["problems"] == []
    (tmp_path / "link").symlink_to(home(), target_is_directory=True)
    monkeypatch.setenv("TAXIMETER_HOME", str(tmp_path / "link"))
    assert status(claude, capsys)["folders"][0]["problems"] == []
    before = home().resolve()
    monkeypatch.setenv("TAXIMETER_HOME", str(tmp_path / "moved"))
    [problem] = status(claude, capsys)["folders"][0]["problems"]
    assert problem.startswith(f"the state folder of the hooks is {before}, not {tmp_path / 'moved'} (run: ")
    install(claude)
    assert status(claude, capsys)["folders"][0]["problems"] == []


def test_status_of_settings_that_cannot_be_read_is_a_problem_not_a_failure(
    claude: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (claude / "settings.json").write_text("{")
    [problem] = status(claude, capsys)["folders"][0]["problems"]
    assert "not valid JSON" in problem
    assert status(claude / "nowhere", capsys)["folders"][0]["hooks"] == []


def test_the_commands_that_agents_run_explain_themselves(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("hook", "statusline"):
        assert meter(name, "--help") == 0
        assert f"taximeter {name} " in capsys.readouterr().out
