"""What needs no hooks works with what Windows has, as far as Linux can pretend (windows_like/sitecustomize.py)."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.running import SCENARIOS
from tests.unit.ledger.captured import DATA

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[2]
_FOLDERS = [word for name in SCENARIOS for word in ("--claude-dir", str(DATA / name))]
_RUN = [str(_ROOT / "taximeter.py"), "--debug", *_FOLDERS]
Runner = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def on_windows(tmp_path: Path) -> Runner:
    """Runs Python with these words where our modules see Windows and a console that knows no UTF-8."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    changed = {
        "PYTHONPATH": str(_HERE / "windows_like"),
        "PYTHONIOENCODING": "cp1252",
        "PYTHONWARNDEFAULTENCODING": "1",
        "TMPDIR": str(temporary),
    }

    def run(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-W", "error::EncodingWarning", *words],
            env={**os.environ, **changed}, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True,
            encoding="cp1252", timeout=120, check=False,
        )  # fmt: skip

    return run


def here(*words: str) -> str:
    """What the same command prints on this system, into a ledger of its own."""
    environ = {**os.environ, "TAXIMETER_HOME": f"{os.environ['TAXIMETER_HOME']}-here"}
    return subprocess.run(
        [sys.executable, *_RUN, *words], env=environ, capture_output=True, encoding="utf-8", timeout=120, check=True
    ).stdout


def test_it_is_windows_that_our_modules_see(on_windows: Runner) -> None:
    told = on_windows(
        "-c", f"import sys; sys.path.insert(0, {str(_ROOT)!r}); import hooks.spool, tracker.desktop;"
        "print(tracker.desktop.sys.platform, hasattr(hooks.spool.os, 'fork'), hooks.spool.lock(0))"
    )  # fmt: skip
    assert (told.stdout, told.stderr) == ("win32 False False\n", "")


@pytest.mark.parametrize("words", [("tasks", "--json"), ("calls", "--csv")])
def test_figures_are_the_same(words: tuple[str, ...], on_windows: Runner) -> None:
    told = on_windows(*_RUN, *words)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout == here(*words)


def test_reports_are_printed_with_the_signs_that_the_console_has(on_windows: Runner) -> None:
    for command in ("spend", "tasks", "nudges", "backtest", "handover"):
        told = on_windows(*_RUN, command)
        assert (told.returncode, told.stderr) == (0, ""), command
    assert "+ the database file is intact" in on_windows(*_RUN, "doctor").stdout


def test_a_file_that_was_read_is_not_opened_again(on_windows: Runner) -> None:
    assert "from 0 files" not in on_windows(*_RUN, "sync").stdout
    assert "0 new calls from 0 files (0.0 MB)" in on_windows(*_RUN, "sync").stdout


def test_processes_that_share_an_import_are_started_anew(on_windows: Runner) -> None:
    told = on_windows(*_RUN, "sync", "--workers", "2")
    assert (told.returncode, told.stderr) == (0, "")
    assert on_windows(*_RUN, "spend", "--json", "--no-sync").stdout == here("spend", "--json")


def test_the_samples_are_deleted_at_the_end(on_windows: Runner, tmp_path: Path) -> None:
    for words in (["demo"], ["demo", "doctor"]):
        told = on_windows(_RUN[0], *words)
        assert (told.returncode, told.stderr) == (0, "")
        assert [one.name for one in (tmp_path / "temporary").iterdir()] == []


def test_hooks_are_refused_in_one_line_and_harm_nobody(on_windows: Runner) -> None:
    for agent in ("claude-code", "cline"):
        told = on_windows(_RUN[0], "install", agent, "--yes")
        assert (told.returncode, told.stdout) == (1, "")
        assert told.stderr == (
            "taximeter: error: hooks do not work on Windows; all reports and the dashboard work without them\n"
        )
    told = on_windows(_RUN[0], "hook", "Stop")
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


_DASHBOARD = f"""
import asyncio, os, sys
sys.path.insert(0, {str(_ROOT)!r})


def run(app):
    asyncio.run(look(app))


async def look(app):
    async with app.run_test(size=(120, 40)) as pilot:
        while app.health.phase.value != "live" or "$" not in shown(app):
            assert app.health.phase.value != "failed", app.health.words
            await pilot.pause(0.1)
        for key, word in zip("123456", {["last session", "Tasks", "Models", "rewrite", "Verdict", "followed"]!r}):
            await pilot.press(key)
            while word not in shown(app):
                await pilot.pause(0.1)


def shown(app):
    return "\\n".join("".join(part.text for part in strip) for strip in app.screen._compositor.render_strips())


if __name__ == "__main__":
    from tracker.cli.app import run as main
    from tui.app import Dashboard

    Dashboard.run = run
    os.environ["TEXTUAL_DRIVER"] = "textual.drivers.headless_driver:HeadlessDriver"
    sys.exit(main(["--debug", *sys.argv[1:], "dashboard"]))
"""


def test_the_dashboard_shows_its_six_screens(on_windows: Runner, tmp_path: Path) -> None:
    script = tmp_path / "dashboard.py"
    script.write_text(_DASHBOARD, encoding="utf-8")
    # Without named folders it also reads what hooks may have left, behind the lock that Windows lacks.
    shutil.copytree(DATA / "s27_hidden_spend", Path.home() / ".claude")
    told = on_windows(str(script))
    assert (told.returncode, told.stderr) == (0, "")
