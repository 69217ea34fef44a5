"""Notices and the clipboard of the desktop: the system's program gets the text, or nothing happens."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tracker import desktop
from tracker.advisor.advisor import DueNudge


def program(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_linux_uses_notify_send(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = program(tmp_path, "notify-send")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    command = desktop.notice_command("--help; $(rm)")
    assert command is not None
    assert command[0] == str(path)
    assert command[-3:] == ["--", "Taximeter", "--help; $(rm)"], "the text can be no option and no script"


def test_no_text_is_markup_to_linux(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(tmp_path, "notify-send")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    command = desktop.notice_command("<a href='http://x'>mend</a> a && b")
    assert command is not None
    assert command[-1] == "&lt;a href='http://x'&gt;mend&lt;/a&gt; a &amp;&amp; b"
    command = desktop.notice_command(r"\74b\76 C:\new")
    assert command is not None
    assert command[-1] == r"\\74b\\76 C:\\new", "notify-send itself makes < of \\74"


def test_macos_hands_the_texts_to_the_script_as_arguments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = program(tmp_path, "osascript")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "darwin")
    command = desktop.notice_command('say "hello"')
    assert command is not None
    assert (command[0], command[1], command[3:]) == (str(path), "-e", ["Taximeter", 'say "hello"'])
    assert "hello" not in command[2]


def test_without_the_program_nothing_happens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for platform in ("linux", "darwin"):
        monkeypatch.setattr(sys, "platform", platform)
        assert desktop.show_notice("text") is False


def test_a_nudge_has_the_name_of_its_session_in_front(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(desktop, "show_notice", said.append)
    nudge = DueNudge("s-1", "/code/api", "Retry queue [/x]", "compact", "Compact now [/b]", "t1")
    desktop.show_nudge(nudge)
    desktop.show_nudge(nudge._replace(title=None))
    desktop.show_nudge(nudge._replace(title=None, project=None))
    assert said == ["Retry queue [/x]: Compact now [/b]", "api: Compact now [/b]", "Compact now [/b]"]


def test_it_is_off_unless_the_settings_say_otherwise() -> None:
    from tracker.advisor.preferences import Preferences

    assert Preferences().desktop is False


@pytest.mark.parametrize(
    ("platform", "screen", "name"),
    [("darwin", "", "pbcopy"), ("linux", "WAYLAND_DISPLAY", "wl-copy"), ("linux", "DISPLAY", "xsel")],
)
def test_the_clipboard_is_filled_by_the_systems_program(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, platform: str, screen: str, name: str
) -> None:
    for variable in ("SSH_CONNECTION", "WAYLAND_DISPLAY", "DISPLAY"):
        monkeypatch.delenv(variable, raising=False)
    if screen:
        monkeypatch.setenv(screen, ":0")
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert desktop.copy("/compact") is False
    program(tmp_path, name).write_text(f"#!/bin/sh\n/bin/cat >{tmp_path}/clipboard\n")
    assert desktop.copy("two lines\nand ✔") is True
    assert (tmp_path / "clipboard").read_text(encoding="utf-8") == "two lines\nand ✔"
    program(tmp_path, name).write_text("#!/bin/sh\nexit 1\n")
    assert desktop.copy("lost") is False
    monkeypatch.setenv("SSH_CONNECTION", "1 2 3 4")
    program(tmp_path, name)
    assert desktop.copy("for another machine") is False


def test_what_gives_the_clipboard_out_is_not_stopped_or_ended_with_the_terminals_programs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setenv("PATH", str(tmp_path))
    script = f"import os\nwith open('{tmp_path}/group', 'w') as file:\n    file.write(str(os.getpgrp()))\n"
    program(tmp_path, "pbcopy").write_text(f"#!{sys.executable}\n{script}")
    assert desktop.copy("/compact") is True
    assert int((tmp_path / "group").read_text()) != os.getpgrp()


def test_the_program_is_started_apart_from_this_one_and_its_failure_is_ignored(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = program(tmp_path, "notify-send")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "platform", "linux")
    started: list[tuple[list[str], dict[str, object]]] = []
    monkeypatch.setattr(subprocess, "Popen", lambda command, **options: started.append((command, options)))
    assert desktop.show_notice("text") is True
    [(command, options)] = started
    assert command == [str(path), "--app-name=Taximeter", "--expire-time=10000", "--", "Taximeter", "text"]
    nothing = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    assert options == {**nothing, "start_new_session": True}

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError("not executable")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert desktop.show_notice("text") is False
