"""kill -9 of watcher, hook, background ingest and dashboard feed at random moments: nothing lost, nothing twice.

TAXIMETER_KILL_MOMENTS sets how many moments; the default keeps the ordinary run short.
"""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

from store.ledger import open_ledger
from tests.unit.advisor.transcripts import Transcript
from tests.unit.ledger.dump import differences, dump
from tests.unit.watch.conftest import ledger_differences
from tracker.ingest import sync
from tracker.pricing import PriceBook
from tracker.rebuild import rebuild, rebuild_everything
from tracker.sources.base import Options
from tracker.sources.claude_code import ClaudeCodeSource

MOMENTS = int(os.environ.get("TAXIMETER_KILL_MOMENTS", "24"))
LAUNCHER = Path(__file__).parents[3] / "taximeter.py"
FEED = """
import sys, threading
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tracker.pricing import PriceBook
from tracker.sources.base import Options
from tracker.sources.claude_code import ClaudeCodeSource
from tui.feed import LedgerFeed
feed = LedgerFeed([(ClaudeCodeSource(), [Path(sys.argv[2])])], lambda db: Options(PriceBook()))
feed.start(lambda snapshot: None, lambda health: None)
threading.Event().wait()
"""


class Work:
    """A running session whose lines come all the time."""

    def __init__(self, claude_dir: Path) -> None:
        self._dir = claude_dir
        self.sessions: list[Transcript] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write, daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._begin()
        self._thread.start()

    def stop(self) -> int:
        """End, and return the calls that were written."""
        self._stop.set()
        self._thread.join()
        return sum(one.calls for one in self.sessions)

    @property
    def current(self) -> Transcript:
        """The session at hand."""
        return self.sessions[-1]

    def _begin(self) -> None:
        one = Transcript(self._dir, start_ms=int(time.time() * 1000) - 600_000)
        one.prompt("Some work")
        self.sessions.append(one)

    def _write(self) -> None:
        while not self._stop.wait(0.01):
            one = self.current
            size = 30_000 + 3_000 * one.calls
            if size > 130_000:
                self._begin()
            elif one.calls % 5 == 4:
                one.call(size).prompt("and go on")
            else:
                one.call(size, ("Bash", {"command": "ls"})).results("ok")


def commands(work: Work, claude_dir: Path, home: Path) -> dict[str, list[str]]:
    """What is killed."""
    python = [sys.executable, "-I", str(LAUNCHER)]
    return {
        "watcher": [*python, "watch", "--claude-dir", str(claude_dir)],
        "hook": [*python, "hook", "Stop", "--home", str(home)],
        "ingest": [*python, "hook", "ingest", "--home", str(home)],
        "dashboard": [sys.executable, "-c", FEED, str(LAUNCHER.parent), str(claude_dir)],
    }


def test_nothing_is_lost_and_nothing_counted_twice(tmp_path: Path) -> None:
    claude_dir, home = tmp_path / "claude", tmp_path / "state"
    work = Work(claude_dir)
    work.start()
    draw = random.Random(7)
    environment = {**os.environ, "TAXIMETER_HOME": str(home)}
    longest = {"watcher": 1.2, "hook": 0.08, "ingest": 1.0, "dashboard": 1.0}
    killed: Counter[str] = Counter()
    printed: Counter[str] = Counter()
    while killed.total() < MOMENTS:
        kinds = draw.sample(sorted(longest), 2)
        started = []
        for kind in kinds:
            process = subprocess.Popen(
                commands(work, claude_dir, home)[kind],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            payload = {
                "session_id": work.current.session,
                "transcript_path": str(work.current.path),
                "hook_event_name": "Stop",
            }
            assert process.stdin is not None
            process.stdin.write(json.dumps(payload).encode())
            process.stdin.close()
            started.append((draw.uniform(0.0, longest[kind]), kind, process))
        began = time.monotonic()
        for moment, kind, process in sorted(started, key=lambda one: one[0]):
            time.sleep(max(0.0, began + moment - time.monotonic()))
            process.send_signal(signal.SIGKILL)
            assert process.stdout is not None
            if kind == "hook":
                printed.update(line for line in process.stdout.read().decode().splitlines() if line)
            process.stdout.close()
            killed[kind] += process.wait() == -signal.SIGKILL
    calls = work.stop()
    time.sleep(2.0)  # what a hook has started in the background is left to end by itself
    source = ClaudeCodeSource()
    with closing(open_ledger(home / "ledger.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        sync(db, [(source, source.roots([claude_dir]))], Options(PriceBook()), workers=0)
        rebuild(db)
        [(rows, ids)] = db.execute("SELECT COUNT(*), COUNT(DISTINCT message_id) FROM call").fetchall()
        assert (rows, ids) == (calls, calls)
        assert ledger_differences(db, claude_dir, tmp_path / "fresh.db") == []
        before = dump(db)
        rebuild_everything(db)
        assert differences(before, dump(db)) == [], "derived tables are those of a rebuild from nothing"
    assert all(times == 1 for times in printed.values()), "a nudge is put before the user once"
    assert set(killed) == set(longest)
