"""What agents start at every turn imports next to nothing, and nothing of the project that the agent works on."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from hooks.advice import write_advice
from hooks.install.commands import Program
from store.ledger import open_ledger
from tests.unit.hooks.program import (
    FAR_FUTURE_MS,
    LAUNCHER,
    NUDGE_TEXT,
    ROOT,
    STATUSES,
    environment,
    payload_of,
    spool_lines,
)

HEAVY = {"click", "msgspec", "textual", "anthropic", "watchdog", "sqlite_utils", "platformdirs", "genai_prices"}
SLOW = {"json", "re", "typing", "pathlib", "dataclasses", "subprocess", "tomllib", "contextlib", "tempfile", "urllib"}
# Runs the launcher as agents do and tells which modules that took.
SPY = f"""
import sys
sys.argv = [{str(LAUNCHER)!r}, *sys.argv[1:]]
before = set(sys.modules)
code = compile(open({str(LAUNCHER)!r}).read(), {str(LAUNCHER)!r}, "exec")
launcher = {{"__name__": "launcher", "__file__": {str(LAUNCHER)!r}}}
exec(code, launcher)
assert not launcher["main"]()
sys.stderr.write(" ".join(sorted(set(sys.modules) - before)))
"""


def imported(home: Path, payload: dict[str, object], *arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", SPY, *arguments],
        input=json.dumps(payload).encode(),
        capture_output=True,
        env=environment(home),
        check=True,
    )
    return {name.partition(".")[0] for name in done.stderr.decode().split()}


@pytest.mark.parametrize("event", ["PreCompact", "Stop", "UserPromptSubmit", "SessionEnd"])
def test_a_hook_imports_its_own_modules_and_hardly_any_other(event: str, home: Path) -> None:
    payload = payload_of(event)
    nudge = {"id": "n", "text": NUDGE_TEXT, "kind": "compact", "expires_at": FAR_FUTURE_MS}
    write_advice(str(home), payload["session_id"], {"nudge": nudge})  # type: ignore[typeddict-item]
    modules = imported(home, payload, "hook", event)
    assert "hooks" in modules
    assert not modules & (HEAVY | SLOW | {"sqlite3", "decimal", "store", "tracker"})


def test_the_status_line_imports_sqlite_and_the_money_and_hardly_any_other(home: Path) -> None:
    open_ledger().close()
    modules = imported(home, STATUSES[-1], "statusline")
    assert {"hooks", "sqlite3", "store"} <= modules
    assert not modules & (HEAVY | SLOW | {"tracker"})


# -- a hostile project -----------------------------------------------------------------------------------------------

NAMES = ("store", "hooks", "tracker", "tui", "taximeter", "click", "json", "sqlite3", "decimal", "fcntl", "select")


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    """A folder that owns every name that we import, each ending the interpreter."""
    folder = tmp_path / "project"
    for name in NAMES:
        (folder / name).mkdir(parents=True)
        (folder / name / "__init__.py").write_text("import os; os.write(2, b'hostile code ran'); os._exit(66)\n")
    return folder


def commands(home: Path) -> dict[str, str]:
    program = Program(sys.executable, str(LAUNCHER), str(home))
    launch = ROOT / "hooks" / "claude_code" / "scripts" / "launch.sh"
    return {
        "recorded hook": program.hook("Stop")["hooks"][0]["command"],
        "recorded status line": program.status_line(None, is_refreshed=True),
        "wrapped status line": program.status_line("true", is_refreshed=False),
        "plugin": shlex.join(["sh", str(launch), "Stop"]),
        "hook without flags": shlex.join([sys.executable, str(LAUNCHER), "hook", "Stop"]),
        "status line without flags": shlex.join([sys.executable, str(LAUNCHER), "statusline"]),
        "ingest": shlex.join([sys.executable, "-I", str(LAUNCHER), "hook", "ingest"]),
        "help": shlex.join([sys.executable, str(LAUNCHER), "hook", "--help"]),
    }


@pytest.mark.parametrize("name", sorted(commands(Path("/"))))
def test_no_entry_point_imports_from_the_users_project(name: str, home: Path, hostile: Path) -> None:
    (home / "command").write_text(f"{sys.executable}\n{LAUNCHER}\n")
    payload = json.dumps({**STATUSES[-1], **payload_of("Stop")}).encode()
    done = subprocess.run(
        ["/bin/sh", "-c", commands(home)[name]],
        input=payload,
        capture_output=True,
        env=environment(home, {"PYTHONPATH": str(hostile), "PYTHONSTARTUP": str(hostile / "json" / "__init__.py")}),
        cwd=hostile,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    if "hook" in name or name == "plugin":
        assert [line["event"] for line in spool_lines(home)] == ["Stop"]
