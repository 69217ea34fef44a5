"""A ledger made once from the sample sessions, at a frozen time in UTC, and snapshots read from it."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from store.ledger import open_ledger
from tests.tui.fakes import NOW_MS
from tests.unit.ledger.reading import take_in
from tracker.advisor.advisor import Advisor
from tracker.demo.samples import live_session, write_samples
from tracker.keeper import HookFiles
from tracker.rebuild import rebuild
from tui.readers.all import SnapshotReader
from tui.snapshot import Snapshot, ViewRequest

LIVE_FOR_SECONDS = 1340


@pytest.fixture(scope="session", autouse=True)
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Local time is UTC, for SQLite as well; what is made for many tests has an empty home, as each test has."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("TZ", "UTC"), ("HOME", str(home)), ("TAXIMETER_HOME", str(home / "state"))):
            patch.setenv(name, value)
        time.tzset()
        yield
    time.tzset()


@pytest.fixture(scope="session")
def sample_claude_dir(tmp_path_factory: pytest.TempPathFactory, made_once: None) -> Path:
    """The sample sessions, and two that are at work: the busier one has just ended a turn of its second task.

    Their client compacts at 165k, as on a window of 200k, so that screens show what comes before that.
    """
    root = tmp_path_factory.mktemp("samples")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tracker.demo.samples.shipped_trigger", lambda *_: 165_000)
        write_samples(root, now=NOW_MS / 1000)
    at = NOW_MS / 1000 - LIVE_FOR_SECONDS
    for wait in live_session(root, start=at):
        at += wait
        if at > NOW_MS / 1000:
            break
    return root


@pytest.fixture(scope="session")
def sample_ledger(sample_claude_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with the samples taken in, tasks derived, and what the advisor would have said."""
    path = tmp_path_factory.mktemp("ledger") / "ledger.db"
    db = open_ledger(path)
    take_in(db, sample_claude_dir)
    rebuild(db)
    advisor = Advisor(HookFiles(str(path.parent)), measure_immediately=True)
    for at_ms in (NOW_MS - 300_000, NOW_MS):
        advisor.note_shown(db, advisor.refresh(db, at_ms), at_ms)
        while advisor.work_while_idle(db, at_ms):
            pass
    db.close()
    return path


@pytest.fixture
def sample_db(sample_ledger: Path) -> Iterator[sqlite3.Connection]:
    """A connection to the samples."""
    db = open_ledger(sample_ledger)
    yield db
    db.close()


@pytest.fixture
def own_db(sample_db: sqlite3.Connection, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """The samples in a ledger that may be changed."""
    path = tmp_path / "ledger.db"
    with sqlite3.connect(path) as copy:
        sample_db.backup(copy)
    copy.close()
    db = open_ledger(path)
    yield db
    db.close()


@pytest.fixture(scope="session")
def sample_reader(made_once: None) -> SnapshotReader:
    """The real reader; what takes it long (plans, hindsight) it makes once."""
    return SnapshotReader(("~/.claude/projects",))


@pytest.fixture
def sample_script(sample_db: sqlite3.Connection, sample_reader: SnapshotReader) -> Callable[[ViewRequest], Snapshot]:
    """What the real reader makes of a request, at the frozen time."""
    return lambda request: sample_reader.read(sample_db, request, NOW_MS)
