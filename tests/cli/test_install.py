"""`install` and `uninstall` on settings files as people have them."""

import json
import os
import pty
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.claude_folder import empty_path, fake_client, install, meter, settings_of, uninstall
from tests.unit.hooks.program import LAUNCHER

ODD = {
    "client": b'{\n  "permissions": {\n    "allow": [\n      "Read"\n    ]\n  }\n}',
    "with a last newline": b'{\n  "model": "opus"\n}\n',
    "tabs": b'{\n\t"model": "opus",\n\t"hooks": {}\n}\n',
    "four spaces, windows": b'{\r\n    "model": "opus"\r\n}\r\n',
    "one line": b'{"model":"opus","a":[1,2.50,1e3]}',
    "spread out": b'\n\n{ "model"\n:\n"opus" ,\n\n\n"x":{}}  \n\n',
    "other alphabets": '{"model": "ö\u2028\\u00e9 \\ud83d\\ude00"}'.encode(),
    "half a character": b'{"model": "\\ud83d"}',
    "byte order mark": b'\xef\xbb\xbf{"model": "opus"}',
    "empty object": b"{}",
    "empty file": b"",
    "only space": b"  \n",
    "foreign hooks": json.dumps(
        {
            "hooks": {
                "Stop": [{"hooks": [{"type": "command", "command": "notify-send done"}]}],
                "Stop2": [],
                "Other": [{}],
            }
        }
    ).encode(),
    "a hook that runs ours too": b'{"hooks":{"Stop":[{"hooks":[{"command":"~/b.sh; taximeter hook Stop"}]}]}}',
    "status line": b'{"statusLine": {"type": "command", "command": "~/l.sh | head; echo \\"it\'s\\"", "padding": 0}}',
    "status line with refresh": b'{"statusLine":{"type":"command","command":"x","refreshInterval":3},"z":1}',
}


@pytest.fixture
def claude(tmp_path: Path) -> Path:
    """A Claude Code folder without settings."""
    folder = tmp_path / "claude"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def no_client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """PATH holds nothing but what a test puts there; returns that folder."""
    return empty_path(tmp_path / "bin", monkeypatch)


@pytest.mark.parametrize("name", ODD)
def test_uninstalling_gives_back_every_byte(name: str, claude: Path) -> None:
    path = claude / "settings.json"
    path.write_bytes(ODD[name])
    path.chmod(0o640)
    assert install(claude) == 0
    assert path.read_bytes() != ODD[name]
    assert "hook" in json.dumps(settings_of(claude)["hooks"]["Stop"])
    assert uninstall(claude) == 0
    assert path.read_bytes() == ODD[name]
    assert path.stat().st_mode & 0o777 == 0o640
    assert sorted(one.name for one in claude.iterdir()) == ["settings.json"]


@pytest.mark.parametrize("name", ODD)
def test_installing_keeps_what_was_there(name: str, claude: Path) -> None:
    (claude / "settings.json").write_bytes(ODD[name])
    before = json.loads(ODD[name].decode("utf-8-sig").strip() or "{}")
    install(claude)
    after = settings_of(claude)
    for event, groups in before.pop("hooks", {}).items():
        assert after["hooks"][event][: len(groups)] == groups
    line = before.pop("statusLine", None)
    if line is not None:
        assert {**after["statusLine"], "command": line["command"]} == line
        assert line["command"] in shlex.split(after["statusLine"]["command"])
    assert {key: value for key, value in after.items() if key in before} == before


def test_commands_that_run_more_than_ours_stay_and_are_pointed_out(
    claude: Path, isolated_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hook, line = "~/backup.sh; taximeter hook Stop", "~/mine.sh & taximeter statusline"
    theirs = {
        "hooks": {"Stop": [{"hooks": [{"type": "command", "command": hook}]}]},
        "statusLine": {"type": "command", "command": line},
    }
    before = json.dumps(theirs).encode()
    (claude / "settings.json").write_bytes(before)
    install(claude)
    now = settings_of(claude)
    assert now["statusLine"] == theirs["statusLine"]
    assert [group["hooks"][0]["command"] == hook for group in now["hooks"]["Stop"]] == [True, False]
    told = capsys.readouterr().err
    assert told.count(hook) == told.count(line) == 1
    meter("--claude-dir", str(claude), "status", "claude-code")
    assert [told for told in capsys.readouterr().out.splitlines() if told.startswith("  yours, ")] == [
        f"  yours, also runs taximeter: {command}" for command in (hook, line)
    ]
    meter("--claude-dir", str(claude), "status", "claude-code", "--json")
    assert json.loads(capsys.readouterr().out)["folders"][0]["mixed"] == [hook, line]
    [backup] = (isolated_home / "backups").iterdir()
    assert backup.read_bytes() == before
    (claude / "settings.json").write_text(json.dumps({**now, "model": "opus"}))
    uninstall(claude)
    assert settings_of(claude) == {**theirs, "model": "opus"}
    assert "by hand" in capsys.readouterr().err


def test_uninstalling_removes_a_settings_file_that_installing_created(claude: Path) -> None:
    assert install(claude) == 0
    assert (claude / "settings.json").stat().st_mode & 0o777 == 0o600
    assert uninstall(claude) == 0
    assert list(claude.iterdir()) == []


def test_the_second_installation_changes_nothing(claude: Path, capsys: pytest.CaptureFixture[str]) -> None:
    install(claude)
    first = (claude / "settings.json").read_bytes()
    capsys.readouterr()
    assert install(claude) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert "nothing to change" in told.err
    assert (claude / "settings.json").read_bytes() == first
    uninstall(claude)
    capsys.readouterr()
    assert uninstall(claude) == 0
    assert "nothing to change" in capsys.readouterr().err


@pytest.mark.parametrize("name", ODD)
def test_installed_again_by_another_python_it_still_gives_back_every_byte(
    name: str, claude: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (claude / "settings.json").write_bytes(ODD[name])
    install(claude)
    monkeypatch.setattr(sys, "executable", "/opt/other/python")
    install(claude)
    text = (claude / "settings.json").read_text()
    assert "/opt/other/python -I" in text
    assert text.count("hook Stop ") == 1
    uninstall(claude)
    assert (claude / "settings.json").read_bytes() == ODD[name]


def test_only_our_entries_are_removed_from_a_file_changed_since(
    claude: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (claude / "settings.json").write_bytes(ODD["status line"])
    install(claude)
    changed = settings_of(claude)
    changed["hooks"]["Stop"].append({"hooks": [{"type": "command", "command": "mine"}]})
    changed["statusLine"]["padding"] = 2
    changed["model"] = "opus"
    (claude / "settings.json").write_text(json.dumps(changed, indent=4) + "\n")
    assert uninstall(claude) == 0
    assert settings_of(claude) == {
        "statusLine": {**json.loads(ODD["status line"])["statusLine"], "padding": 2},
        "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "mine"}]}]},
        "model": "opus",
    }
    assert (claude / "settings.json").read_text().startswith('{\n    "statusLine"')
    told = capsys.readouterr().err
    assert "changed since" in told
    assert told.endswith("/settings.json: Taximeter's entries removed\n")  # the file is still there


def test_a_file_rewritten_to_the_same_effect_becomes_what_it_was(claude: Path) -> None:
    (claude / "settings.json").write_bytes(ODD["spread out"])
    install(claude)
    (claude / "settings.json").write_text(json.dumps(settings_of(claude), indent=2))
    uninstall(claude)
    assert (claude / "settings.json").read_bytes() == ODD["spread out"]


def test_without_its_record_only_our_entries_go(claude: Path, isolated_home: Path) -> None:
    (claude / "settings.json").write_bytes(ODD["client"])
    install(claude)
    (isolated_home / "install.json").unlink()
    uninstall(claude)
    assert (claude / "settings.json").read_bytes() == ODD["client"]


def test_without_its_backup_only_our_entries_go(claude: Path, isolated_home: Path) -> None:
    (claude / "settings.json").write_bytes(ODD["one line"])
    install(claude)
    for backup in (isolated_home / "backups").iterdir():
        backup.unlink()
    uninstall(claude)
    assert settings_of(claude) == json.loads(ODD["one line"])


def test_the_previous_settings_are_kept_as_a_backup(claude: Path, isolated_home: Path) -> None:
    (claude / "settings.json").write_bytes(ODD["tabs"])
    install(claude)
    [backup] = (isolated_home / "backups").iterdir()
    assert backup.read_bytes() == ODD["tabs"]
    assert backup.stat().st_mode & 0o777 == 0o600
    assert {path.stat().st_mode & 0o777 for path in (isolated_home, backup.parent)} == {0o700}


def test_a_link_stays_a_link(claude: Path, tmp_path: Path) -> None:
    real = tmp_path / "dotfiles" / "claude.json"
    real.parent.mkdir()
    real.write_bytes(ODD["client"])
    (claude / "settings.json").symlink_to(real)
    install(claude)
    assert (claude / "settings.json").is_symlink()
    assert b"taximeter" in real.read_bytes()
    uninstall(claude)
    assert (claude / "settings.json").is_symlink()
    assert real.read_bytes() == ODD["client"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{\n  "a": 1,\n  b\n}', "is not valid JSON (line 3"),
        (b"// comment\n{}", "is not valid JSON (line 1"),
        (b"[]", "is not a JSON object"),
        (b"\xff\xfe{}", "cannot be preserved exactly"),
        (b'{"a": 1, "a": 2}', "the key 'a' occurs twice"),
        (b"[" * 100_000, "cannot be preserved exactly"),
        (b'{"hooks": []}', "`hooks` is not an object"),
        (b'{"statusLine": "x"}', "`statusLine` is not a command"),
    ],
)
def test_settings_that_would_lose_content_are_refused_with_a_sentence(
    content: bytes, said: str, claude: Path, isolated_home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (claude / "settings.json").write_bytes(content)
    assert install(claude) == 1
    told = capsys.readouterr().err
    assert said in told
    assert told.startswith("taximeter: error: ")
    assert "nothing was changed" in told
    assert (claude / "settings.json").read_bytes() == content
    assert not isolated_home.exists()


def test_nothing_is_installed_without_a_claude_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert install(tmp_path / "nowhere") == 1
    assert "no Claude Code folder at" in capsys.readouterr().err
    assert not (tmp_path / "nowhere").exists()


def test_without_a_terminal_to_ask_on_it_fails_and_shows_the_change(
    claude: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert meter("install", "claude-code", "--claude-dir", str(claude)) == 2
    told = capsys.readouterr()
    assert '+        "hooks": [' in told.out
    assert "--yes" in told.err
    assert list(claude.iterdir()) == []


@pytest.mark.parametrize(("answer", "is_written"), [(b"y\n", True), (b"n\n", False), (b"\n", False)])
def test_on_a_terminal_it_asks(answer: bytes, is_written: bool, claude: Path) -> None:
    leader, follower = pty.openpty()
    command = [sys.executable, str(LAUNCHER), "install", "claude-code", "--claude-dir", str(claude)]
    process = subprocess.Popen(command, stdin=follower, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    os.write(leader, answer)
    shown, asked = process.communicate(timeout=60)
    os.close(leader)
    os.close(follower)
    assert f"Write {claude / 'settings.json'}?".encode() in asked
    assert b"+++ " in shown
    assert process.returncode == 0
    assert (claude / "settings.json").exists() is is_written


def test_a_file_changed_while_it_asked_is_left_alone(claude: Path) -> None:
    from hooks.install.claude_code import install as carry_out
    from hooks.install.claude_code import plan_install, this_program
    from hooks.install.settings_file import SettingsError
    from store.ledger import home

    program = this_program(home())
    plan = plan_install(claude, program, version=None)
    (claude / "settings.json").write_bytes(ODD["client"])
    with pytest.raises(SettingsError, match="changed by another program"):
        carry_out(plan, program)
    assert (claude / "settings.json").read_bytes() == ODD["client"]


def test_parts_can_be_left_out(claude: Path) -> None:
    install(claude, "--no-hooks")
    assert list(settings_of(claude)) == ["statusLine"]
    uninstall(claude)
    install(claude, "--no-statusline")
    assert list(settings_of(claude)) == ["hooks"]


def test_new_events_are_for_clients_that_know_them(
    claude: Path, no_client: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install(claude)
    assert "StopFailure" not in settings_of(claude)["hooks"]
    assert "no `claude` was found" in capsys.readouterr().err
    fake_client(no_client, "2.1.329")
    install(claude)
    assert "StopFailure" in settings_of(claude)["hooks"]
    fake_client(no_client, "2.1.90")
    install(claude)
    assert "StopFailure" not in settings_of(claude)["hooks"]
    assert "Claude Code is 2.1.90" in capsys.readouterr().err


def test_hooks_at_a_compaction_which_the_model_would_read_are_pointed_out_and_taken_away(
    claude: Path, no_client: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_client(no_client, "2.1.330")
    install(claude)
    settings = settings_of(claude)
    assert not settings["hooks"].keys() & {"PreCompact", "PostCompact"}
    settings["hooks"]["PreCompact"] = settings["hooks"]["Stop"]
    (claude / "settings.json").write_text(json.dumps(settings))
    meter("--claude-dir", str(claude), "status", "claude-code")
    assert "no hook is needed at PreCompact any more" in " ".join(capsys.readouterr().out.split())
    install(claude)
    assert "PreCompact" not in settings_of(claude)["hooks"]
    assert list(settings_of(claude)) == list(settings), "nothing else moves in the change that is shown"


@pytest.mark.parametrize("options", [(), ("--no-hooks",)])
def test_beside_the_plugin_no_hooks_are_written_and_old_ones_go(
    options: tuple[str, ...], claude: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install(claude)
    (claude / "settings.json").write_text(
        json.dumps({**settings_of(claude), "enabledPlugins": {"taximeter@taximeter": True}})
    )
    install(claude, *options)
    assert set(settings_of(claude)) == {"statusLine", "enabledPlugins"}
    assert "the plugin is enabled" in capsys.readouterr().err


def test_hooks_that_are_switched_off_are_pointed_out(claude: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (claude / "settings.json").write_text('{"disableAllHooks": true}')
    install(claude)
    assert "disableAllHooks" in capsys.readouterr().err


def test_the_folder_is_that_of_the_option_of_the_variable_or_the_usual_one(
    claude: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = Path(os.environ["HOME"]) / ".claude"
    usual.mkdir()
    assert meter("install", "claude-code", "--yes") == 0
    assert (usual / "settings.json").exists()
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "configured"))
    (tmp_path / "configured").mkdir()
    assert meter("install", "claude-code", "--yes") == 0
    assert (tmp_path / "configured" / "settings.json").exists()
    assert meter("--claude-dir", str(claude), "install", "claude-code", "--yes") == 0
    assert (claude / "settings.json").exists()


def test_two_folders_are_independent(claude: Path, tmp_path: Path, isolated_home: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "settings.json").write_bytes(ODD["tabs"])
    install(claude)
    install(other)
    uninstall(claude)
    assert (isolated_home / "command").exists()
    uninstall(other)
    assert (other / "settings.json").read_bytes() == ODD["tabs"]
    assert not (isolated_home / "command").exists()
    assert not (isolated_home / "install.json").exists()


def test_a_temporary_program_is_not_installed(
    claude: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = "/home/dev/.cache/uv/archive-v0/abc/lib/python3.12/site-packages/taximeter.py"
    monkeypatch.setattr("hooks.install.claude_code.launcher", lambda: place)
    assert install(claude) == 1
    assert "uv tool install . in its checkout" in capsys.readouterr().err
