"""`taximeter watch` ends cleanly whatever it is in the middle of when the signal comes."""

import os
import subprocess
import sys
import time
from pathlib import Path

from store.ledger import home
from tests.unit.advisor.transcripts import Transcript

ROOT = Path(__file__).parents[3]

_ENDED_WHILE_IT_LOOKS_AT_AN_EVENT = """
import signal, sys, threading
sys.path.insert(0, sys.argv[1])

class Event(threading.Event):
    def wait(self, timeout=None):
        with self._cond:
            signal.raise_signal(signal.SIGTERM)
        return super().wait(timeout)

import tracker.watch
tracker.watch.threading.Event = Event
from tracker.cli.app import run
sys.exit(run(["watch", "--poll", "--claude-dir", sys.argv[2]]))
"""


def ended_by(program: str, claude_dir: Path) -> "subprocess.CompletedProcess[bytes]":
    """A watcher in a process that `program` prepares to end it at the worst moment."""
    return subprocess.run(
        [sys.executable, "-c", program, str(ROOT), str(claude_dir)],
        env={**os.environ, "TAXIMETER_HOME": str(home())},
        capture_output=True,
        check=False,
        timeout=20,
    )


def test_an_end_that_comes_while_it_looks_at_an_event_ends_it(claude_dir: Path) -> None:
    done = ended_by(_ENDED_WHILE_IT_LOOKS_AT_AN_EVENT, claude_dir)
    assert (done.returncode, done.stderr) == (0, b"")


_ENDED_WHILE_SQLITE_CALLS_A_FUNCTION = """
import signal, sys
sys.path.insert(0, sys.argv[1])

import store.ledger

title_in = store.ledger.title_in

def ends_it(text):
    if callable(signal.getsignal(signal.SIGTERM)):
        signal.raise_signal(signal.SIGTERM)
    return title_in(text)

store.ledger.title_in = ends_it
from tracker.cli.app import run
sys.exit(run(["watch", "--poll", "--claude-dir", sys.argv[2]]))
"""


def test_an_end_that_comes_while_sqlite_calls_a_function_ends_it(claude_dir: Path) -> None:
    """SQLite makes an error of the ledger of whatever is raised there, and that passes."""
    Transcript(claude_dir, start_ms=int(time.time() * 1000) - 200_000).prompt("go").call(30_000)
    assert ended_by(_ENDED_WHILE_SQLITE_CALLS_A_FUNCTION, claude_dir).returncode == 0
