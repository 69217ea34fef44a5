"""A watcher at work in a thread of the test, on a folder and a ledger of the test."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from store.ledger import open_ledger
from tests.unit.ledger.dump import differences, dump
from tests.unit.ledger.reading import take_in
from tracker.ingest import SyncReport
from tracker.pricing import PriceBook
from tracker.sources.base import Options
from tracker.sources.claude_code import ClaudeCodeSource
from tracker.watch import Watcher, WatchTargets

_DERIVED = frozenset({"nudge", "nudge_word", "habit", "limit_sample"})


class Watching:
    """The watcher, what it said, and the ledger that it writes."""

    def __init__(self, folder: Path) -> None:
        self.claude_dir = folder / "claude"
        (self.claude_dir / "projects").mkdir(parents=True)
        self.ledger = folder / "ledger.db"
        self.db = open_ledger(self.ledger)
        self.reader = open_ledger(self.ledger)
        self.notices: list[str] = []
        self.reports: list[SyncReport] = []
        self._stop = threading.Event()
        self.watcher = Watcher(
            self.db,
            WatchTargets([(ClaudeCodeSource(), [self.claude_dir])], lambda _db: Options(PriceBook())),
            on_sync=self.reports.append,
            on_notice=self.notices.append,
        )
        self._thread = threading.Thread(target=self.watcher.run, args=(self._stop,), daemon=True)

    def start(self) -> "Watching":
        """Start, and wait for the first sync."""
        self._thread.start()
        self.wait_for(lambda: bool(self.reports))
        time.sleep(0.3)  # watches are set in the same breath, on another thread
        return self

    def stop(self) -> None:
        """End the thread."""
        self._stop.set()
        self.watcher.wake()
        self._thread.join(timeout=20)
        assert not self._thread.is_alive()

    def calls(self) -> int:
        """Calls in the ledger."""
        return int(self.reader.execute("SELECT COUNT(*) FROM call").fetchone()[0])

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds."""
        end = time.monotonic() + 60.0
        while not condition():
            assert time.monotonic() < end, f"{self.calls()} calls; {self.notices}"
            time.sleep(0.01)

    def assert_complete(self) -> None:
        """The ledger says what a fresh one says that reads the same files at once."""
        self.stop()
        assert ledger_differences(self.db, self.claude_dir, self.ledger.with_name("fresh.db")) == []


def ledger_differences(db: sqlite3.Connection, claude_dir: Path, place: Path) -> list[str]:
    """What a ledger and a fresh one over the same folder do not have in common."""
    with closing(open_ledger(place)) as fresh:
        take_in(fresh, claude_dir)
        derived = _DERIVED | {
            row[0] for row in fresh.execute("SELECT name FROM sqlite_schema WHERE name LIKE '%task%'")
        }
        # A file that moved stands there under both names, the old one marked as gone.
        derived |= {"source_file", "call_split", "cold_read", "static_floor", "git_commit"}
        return differences(dump(db, without=derived), dump(fresh, without=derived))


@pytest.fixture
def claude_dir(tmp_path: Path) -> Path:
    """A folder of Claude Code without sessions."""
    (tmp_path / "claude" / "projects").mkdir(parents=True)
    return tmp_path / "claude"


@pytest.fixture
def only_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """No scan after a while: what is found was told by an event."""
    monkeypatch.setattr("tracker.watch._SCAN_SECONDS", 3600.0)


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Watching]:
    """A watcher that has not started."""
    made = Watching(tmp_path)
    yield made
    made.stop() if made._thread.is_alive() else None
    made.db.close()
    made.reader.close()
