"""The plugin folder: the same hooks as the settings, and a launcher that finds the program or says so once."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from hooks.install.commands import EVENTS, Program
from hooks.spool_reader import drained
from tests.unit.hooks.program import LAUNCHER, ROOT, environment, payload_of, spool_lines

PLUGIN = ROOT / "hooks" / "claude_code"
LAUNCH = PLUGIN / "scripts" / "launch.sh"
SESSION = "b2f7075f-15d5-42fd-954b-c2db436b07b8"


def read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8")))


def launch(
    event: str, home: Path | str, payload: bytes = b"{}", *, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    surroundings = {"CLAUDE_CODE_SESSION_ID": SESSION}
    return subprocess.run(
        ["/bin/sh", str(LAUNCH), event],
        input=payload,
        capture_output=True,
        env=environment(home, {**surroundings, **(variables or {})}),
        check=False,
    )


def test_the_marketplace_names_the_plugin_where_it_lies() -> None:
    [entry] = read(ROOT / ".claude-plugin" / "marketplace.json")["plugins"]
    manifest = read(PLUGIN / ".claude-plugin" / "plugin.json")
    assert (ROOT / entry["source"]).resolve() == PLUGIN
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert entry["name"] == manifest["name"] == project["name"]
    assert entry["version"] == manifest["version"] == project["version"]


def test_the_plugin_has_the_hooks_that_the_installer_writes() -> None:
    hooks = read(PLUGIN / "hooks" / "hooks.json")["hooks"]
    assert tuple(hooks) == EVENTS
    program = Program("/python", "/taximeter.py", "/home")
    for event, [group] in hooks.items():
        ours = program.hook(event)
        [entry], [written] = group.pop("hooks"), ours.pop("hooks")
        assert group == ours
        assert entry.pop("command") == f'sh "${{CLAUDE_PLUGIN_ROOT}}/scripts/launch.sh" {event}'
        written.pop("command")
        assert entry == written


def test_the_recorded_program_gets_the_event(home: Path) -> None:
    (home / "command").write_text(f"{sys.executable}\n{LAUNCHER}\n")
    done = launch("Stop", home, json.dumps(payload_of("Stop")).encode())
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    [line] = spool_lines(home)
    assert line["transcript_path"] == payload_of("Stop")["transcript_path"]


@pytest.mark.parametrize("record", ["/gone/python\n/gone/taximeter.py\n", "", "only one line"])
def test_where_the_record_is_stale_the_command_on_path_gets_it(record: str, home: Path, tmp_path: Path) -> None:
    (home / "command").write_text(record)
    command = tmp_path / "bin" / "taximeter"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, "-I", "-S", str(LAUNCHER)])} "$@"\n')
    command.chmod(0o755)
    done = launch(
        "Stop", home, json.dumps(payload_of("Stop")).encode(), variables={"PATH": f"{command.parent}:{os.defpath}"}
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert [line["session_id"] for line in spool_lines(home)] == [payload_of("Stop")["session_id"]]


@pytest.mark.skipif(shutil.which("taximeter", path=os.defpath) is not None, reason="taximeter is installed system-wide")
def test_without_a_program_the_event_is_noted_and_the_user_is_warned_once(isolated_home: Path) -> None:
    assert launch("Stop", isolated_home).stdout == b""
    first = launch("SessionStart", isolated_home)
    assert first.returncode == 0
    said = json.loads(first.stdout)
    assert list(said) == ["systemMessage"]
    assert "uv tool install . in its checkout" in said["systemMessage"]
    assert launch("SessionStart", isolated_home).stdout == b""
    with drained(str(isolated_home)) as taken:
        assert [(event.event, event.session_id) for event in taken.events] == [
            (event, SESSION) for event in ("Stop", "SessionStart", "SessionStart")
        ]
        assert taken.bad_lines == 0


@pytest.mark.parametrize(
    ("variable", "value"),
    [("CLAUDE_CODE_SESSION_ID", 'x"}'), ("CLAUDE_CODE_SESSION_ID", "a\nb"), ("HOME", "/dev/null")],
)
def test_odd_surroundings_leave_no_damaged_line(variable: str, value: str, isolated_home: Path) -> None:
    place = "" if variable == "HOME" else isolated_home
    done = launch("Stop", place, variables={variable: value})
    assert (done.returncode, done.stdout) == (0, b"")
    with drained(str(isolated_home)) as taken:
        assert taken.bad_lines == 0


@pytest.mark.parametrize(
    ("variables", "folder"),
    [
        ({"TAXIMETER_HOME": "~/meter"}, "meter"),
        ({}, ".local/share/taximeter"),
        ({"XDG_DATA_HOME": "relative"}, ".local/share/taximeter"),
    ],
)
def test_the_launcher_looks_where_the_program_does(variables: dict[str, str], folder: str, tmp_path: Path) -> None:
    subprocess.run(
        ["/bin/sh", str(LAUNCH), "Stop"],
        input=b"{}",
        env={"PATH": os.defpath, "HOME": str(tmp_path), "CLAUDE_CODE_SESSION_ID": SESSION, **variables},
        check=True,
    )
    assert (tmp_path / folder / "spool" / "events.jsonl").exists()


def test_the_readme_is_long_enough_for_the_directory() -> None:
    assert len((PLUGIN / "README.md").read_text(encoding="utf-8").split()) >= 40
