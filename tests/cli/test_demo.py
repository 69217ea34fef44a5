"""`demo`: however it ends, it leaves nothing behind."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from store.ledger import open_ledger
from tests.cli.running import Taximeter
from tracker.advisor.evaluate import KINDS
from tracker.advisor.habits import cached_habits
from tracker.cli import progress_bar
from tracker.cli.demo import play_samples
from tui.nudge_words import INPUTS


def test_a_demo_that_is_ended_leaves_no_trace(
    taximeter: Taximeter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(folder: Path) -> None:
        (folder / "projects").mkdir(parents=True)
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setenv("TAXIMETER_HOME", os.environ["TAXIMETER_HOME"])  # demo sets another
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("tracker.demo.samples.write_samples", ended)
    assert taximeter("demo", "spend").code == 128 + signal.SIGTERM
    assert list(tmp_path.iterdir()) == []
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("is_told", [True, False])
def test_a_demo_whose_window_is_closed_leaves_neither_a_process_nor_a_trace(tmp_path: Path, is_told: bool) -> None:
    (tmp_path / "temp").mkdir()
    own, its_end = pty.openpty()
    demo = subprocess.Popen(
        [sys.executable, "-m", "taximeter", "demo"],
        cwd=Path(__file__).parents[2],
        stdin=its_end,
        stdout=its_end,
        stderr=its_end,
        env=os.environ | {"TMPDIR": str(tmp_path / "temp"), "TERM": "xterm-256color"},
        start_new_session=True,
    )
    os.close(its_end)
    try:
        seen = b""
        for words, key in ((b"live", b"5"), (b"simulating", b"")):  # by a process, which would make the folder anew
            while words not in seen:
                assert select.select([own], [], [], 30.0)[0], seen[-2000:]
                seen += os.read(own, 65536)
            os.write(own, key)
        if is_told:
            demo.send_signal(signal.SIGHUP)  # a terminal's multiplexer says so itself, beside the system
        os.close(own)
        if is_told:
            demo.send_signal(signal.SIGHUP)
        assert demo.wait(30) == 128 + signal.SIGHUP
        assert list((tmp_path / "temp").iterdir()) == []
    finally:
        demo.kill()


def test_the_demo_leaves_no_trace(taximeter: Taximeter, isolated_home: Path) -> None:
    ran = taximeter("demo", "spend", "--json")
    assert ran.json()["total"]["calls"] > 0
    assert not isolated_home.exists()


def test_the_demo_has_nudges_and_each_figure_behind_one_has_a_title(taximeter: Taximeter) -> None:
    ran = taximeter("demo", "nudges", "--all", "--limit", "0", "--json")
    rows = ran.json()["nudges"]
    assert {"shown", "followed", "not shown", "silent"} <= {row["fate"] for row in rows}
    assert {row["kind"] for row in rows} == set(KINDS)
    assert {name for row in rows for name in row["inputs"]} <= INPUTS.keys()


def test_the_demo_has_habits_measured_at_that_moment_and_says_what_it_waits_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Measured anew beside the first nudge they gave the row under it another cent."""
    now = time.time()
    (tmp_path / "home").mkdir()
    monkeypatch.setattr(progress_bar, "_columns", lambda: 80)
    monkeypatch.setattr(progress_bar, "_AFTER_SECONDS", 0.0)
    play_samples(tmp_path / "claude", tmp_path / "home", now)
    assert "playing sample sessions  4 turns" in capsys.readouterr().err, "the terminal would be empty for seconds"
    with closing(open_ledger(tmp_path / "home" / "ledger.db")) as db:
        habits, is_due = cached_habits(db, "claude-code", int(now * 1000))
    assert habits.calls
    assert not is_due
