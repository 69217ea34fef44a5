"""kill -9 of watcher, hook, background ingest and dashboard at random moments: nothing lost, nothing twice.

TAXIMETER_KILL_MOMENTS sets how many moments for each of them; the default keeps the ordinary run short.
`make test-kills` takes 200.
"""

import json
import os
import pty
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from hooks.spool_reader import ReaderLock
from store.ledger import open_ledger
from tests.unit.advisor.transcripts import Transcript
from tests.unit.ledger.dump import differences, dump
from tests.unit.ledger.reading import take_in
from tests.unit.tasks.making import rebuild_everything
from tests.unit.watch.conftest import ledger_differences
from tracker.rebuild import rebuild

MOMENTS = int(os.environ.get("TAXIMETER_KILL_MOMENTS", "5"))
LAUNCHER = Path(__file__).parents[3] / "taximeter.py"
# The kill falls between the start and so many seconds later: about as long as a hook takes, far into the others' work.
LONGEST_LIFE_SECONDS = {"watcher": 1.2, "hook": 0.05, "ingest": 1.0, "dashboard": 2.5}
# What tells that it got to its work before the end. On a busy machine that takes longer: the lives of those that were
# not seen at it become longer, up to so many times.
AT_WORK = {"watcher": b"watching 1 folder", "dashboard": b"Spend"}
MOST_TIMES = 8


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
        while not self._stop.wait(0.02):
            one = self.current
            size = 30_000 + 3_000 * one.calls
            if size > 130_000:
                self._begin()
            elif one.calls % 5 == 4:
                one.call(size).prompt("and go on")
            else:
                one.call(size, ("Bash", {"command": "ls"})).results("ok")


class Victim:
    """A process on a terminal of its own that is killed in the end, and what it wrote there."""

    def __init__(self, command: list[str], environment: Mapping[str, str], payload: Mapping[str, str]) -> None:
        self.printed = b""
        master, terminal = pty.openpty()
        stdin = terminal if "dashboard" in command else subprocess.PIPE
        self._process = subprocess.Popen(
            command, env=environment, stdin=stdin, stdout=terminal, stderr=terminal, start_new_session=True
        )
        os.close(terminal)
        self._reader = threading.Thread(target=self._read, args=(master,), daemon=True)
        self._reader.start()
        if self._process.stdin is None:
            return
        try:
            self._process.stdin.write(json.dumps(payload).encode())
            self._process.stdin.close()
        except BrokenPipeError:
            pass  # it does not read, and has ended already

    def kill(self) -> bool:
        """SIGKILL; True if it was still at work. What ended before must have ended well."""
        self._process.send_signal(signal.SIGKILL)
        code = self._process.wait()
        self._reader.join()
        assert code in (0, -signal.SIGKILL), self.printed.decode(errors="replace")
        return code == -signal.SIGKILL

    def _read(self, master: int) -> None:
        try:
            while chunk := os.read(master, 1 << 16):
                self.printed += chunk
        except OSError:
            pass  # the other side of the terminal is closed
        finally:
            os.close(master)


def commands(claude_dir: Path, home: Path) -> dict[str, list[str]]:
    """What is killed."""
    python = [sys.executable, "-I", str(LAUNCHER)]
    return {
        "watcher": [*python, "watch", "--claude-dir", str(claude_dir)],
        "hook": [*python, "hook", "Stop", "--home", str(home)],
        "ingest": [*python, "hook", "ingest", "--home", str(home)],
        "dashboard": [*python, "dashboard", "--claude-dir", str(claude_dir)],
    }


def test_nothing_is_lost_and_nothing_counted_twice(tmp_path: Path) -> None:
    claude_dir, home = tmp_path / "claude", tmp_path / "state"
    work = Work(claude_dir)
    work.start()
    draw = random.Random(7)
    environment = {**os.environ, "TAXIMETER_HOME": str(home), "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"}
    killed: Counter[str] = Counter()
    seen_at_work: Counter[str] = Counter()
    shown: Counter[tuple[str, bytes]] = Counter()  # by session: they grow alike, so one's sentence may be another's

    def is_left(kind: str) -> bool:
        is_seen = kind not in AT_WORK or seen_at_work[kind] > 0
        return killed[kind] < (MOMENTS if is_seen else MOST_TIMES * MOMENTS)

    while left := [kind for kind in LONGEST_LIFE_SECONDS if is_left(kind)]:
        started = []
        for kind in draw.sample(left, min(2, len(left))):
            payload = {
                "session_id": work.current.session,
                "transcript_path": str(work.current.path),
                "hook_event_name": "Stop",
            }
            moment = draw.uniform(0.0, LONGEST_LIFE_SECONDS[kind]) * max(1, killed[kind] // MOMENTS)
            started.append(
                (moment, kind, payload["session_id"], Victim(commands(claude_dir, home)[kind], environment, payload))
            )
        began = time.monotonic()
        for moment, kind, session, victim in sorted(started, key=lambda one: one[0]):
            time.sleep(max(0.0, began + moment - time.monotonic()))
            killed[kind] += victim.kill()
            seen_at_work[kind] += kind in AT_WORK and AT_WORK[kind] in victim.printed
            if kind == "hook":
                shown.update((session, line) for line in victim.printed.splitlines() if line)
    calls = work.stop()
    time.sleep(2.0)  # what a hook has started in the background is left to end by itself
    assert ReaderLock(str(home)).acquire(wait_seconds=60)
    print(f"killed {dict(killed)}, of these seen at work {dict(seen_at_work)}; {calls} calls written")
    with closing(open_ledger(home / "ledger.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        take_in(db, claude_dir)
        rebuild(db)
        [(rows, ids)] = db.execute("SELECT COUNT(*), COUNT(DISTINCT message_id) FROM call").fetchall()
        assert (rows, ids) == (calls, calls)
        assert ledger_differences(db, claude_dir, tmp_path / "fresh.db") == []
        before = dump(db)
        rebuild_everything(db)
        assert differences(before, dump(db)) == [], "derived tables are those of a rebuild from nothing"
    assert all(times == 1 for times in shown.values()), "a nudge is put before the user once"
    assert all(seen_at_work[kind] for kind in AT_WORK), "some have to be killed at work, or this shows nothing"
