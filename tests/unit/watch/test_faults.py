"""What happens to files, folders, the system's watches and the disk: the watcher goes on and the ledger is complete."""

import errno
import json
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.unit.advisor.transcripts import Transcript
from tests.unit.watch.conftest import Watching


@pytest.fixture
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """The watcher looks often whether its folders are there."""
    monkeypatch.setattr("tracker.watch._ROOT_SECONDS", 0.3)


def session(watching: Watching, calls: int = 2, project: str = "/home/dev/shop") -> Transcript:
    one = Transcript(watching.claude_dir, project=project)
    one.prompt("Some work").tool_turns([30_000 + 1_000 * number for number in range(calls)])
    return one


# Appends what it is told to, each piece with an open and a close of its own, and prints how long that took.
APPENDER = """
import json, os, sys, time
pieces = [(path, text.encode()) for path, text in json.load(sys.stdin)]
started = time.perf_counter()
for path, text in pieces:
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, text)
    os.close(file)
print(time.perf_counter() - started)
"""


def test_ten_thousand_events_in_a_second(watching: Watching, tmp_path: Path) -> None:
    """A hundred sessions written half a line at a time; what matters is in the files, not in the events."""
    sessions = [Transcript(tmp_path / "told", project=f"/home/dev/p{number % 7}") for number in range(100)]
    for one in sessions:
        one.prompt("Some work").tool_turns([30_000 + 100 * number for number in range(25)])
    places = [watching.claude_dir / one.path.relative_to(tmp_path / "told") for one in sessions]
    pieces = [
        (str(place), part)
        for lines in zip(*(one.path.read_text().splitlines(keepends=True) for one in sessions), strict=True)
        for place, line in zip(places, lines, strict=True)
        for part in (line[: len(line) // 2], line[len(line) // 2 :])
    ]
    assert len(pieces) >= 10_000
    for place in places:
        place.parent.mkdir(parents=True, exist_ok=True)
    watching.start()
    appended = subprocess.run(
        [sys.executable, "-c", APPENDER], input=json.dumps(pieces), capture_output=True, text=True, check=True
    )
    watching.wait_for(lambda: watching.calls() == 2_500, seconds=30)
    assert float(appended.stdout) <= 1.0, "the writer was too slow to say anything"
    assert len(watching.reports) < len(pieces) / 10, "events are gathered"
    assert watching.notices == []
    watching.assert_complete()


def test_a_root_that_is_shut_does_not_end_the_watch(watching: Watching, monkeypatch: pytest.MonkeyPatch) -> None:
    session(watching)
    projects, looks = watching.claude_dir / "projects", Path.is_dir

    def is_dir(path: Path) -> bool:
        if path == projects:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return looks(path)

    monkeypatch.setattr(Path, "is_dir", is_dir)
    watching.start()
    assert watching.calls() == 2


@pytest.mark.usefixtures("looks_often")
def test_a_deleted_root_and_its_return(watching: Watching) -> None:
    session(watching)
    watching.start()
    assert watching.calls() == 2
    shutil.rmtree(watching.claude_dir)
    time.sleep(0.2)
    (watching.claude_dir / "projects").mkdir(parents=True)
    session(watching, calls=3)
    watching.wait_for(lambda: watching.calls() == 5, seconds=45)  # at the latest by the scan of every half minute
    session(watching, calls=4)
    started = time.monotonic()
    watching.wait_for(lambda: watching.calls() == 9)
    assert time.monotonic() - started < 3.0, "the new folder is watched, not only scanned now and then"


@pytest.mark.usefixtures("looks_often")
def test_a_root_that_is_away_for_a_while(watching: Watching) -> None:
    one = session(watching)
    watching.start()
    away = watching.claude_dir.with_name("away")
    watching.claude_dir.rename(away)
    time.sleep(0.8)
    assert [notice.split(" is ")[1][:4] for notice in watching.notices] == ["gone"]
    assert watching.watcher.absence == watching.notices[0]
    away.rename(watching.claude_dir)
    one.prompt("More").call(40_000)
    watching.wait_for(lambda: watching.calls() == 3)
    watching.wait_for(lambda: watching.notices[1:] == [f"{watching.claude_dir} is back"])
    assert watching.watcher.absence == ""
    watching.assert_complete()


def test_a_moved_project(watching: Watching) -> None:
    one = session(watching)
    watching.start()
    moved = watching.claude_dir / "projects" / "-home-dev-warehouse"
    one.path.parent.rename(moved)
    one.path = moved / one.path.name
    one.prompt("Go on after the move").call(40_000)
    watching.wait_for(lambda: watching.calls() == 3)
    one.prompt("And on").call(41_000)
    watching.wait_for(lambda: watching.calls() == 4)
    watching.assert_complete()


@pytest.mark.usefixtures("looks_often")
@pytest.mark.parametrize("is_there_before", [True, False])
def test_a_project_that_lies_elsewhere(watching: Watching, *, is_there_before: bool) -> None:
    one = session(watching)
    elsewhere = watching.claude_dir.with_name("elsewhere")
    one.path.parent.rename(elsewhere)
    if is_there_before:
        one.path.parent.symlink_to(elsewhere)
    watching.start()
    if not is_there_before:
        one.path.parent.symlink_to(elsewhere)
    watching.wait_for(lambda: watching.calls() == 2)
    time.sleep(0.3)
    started = time.monotonic()
    one.prompt("Go on").call(40_000)
    watching.wait_for(lambda: watching.calls() == 3)
    assert time.monotonic() - started < 1.0, "its events are seen, not only the scan of every half minute"
    one.path.parent.unlink()
    time.sleep(0.8)
    elsewhere.rename(one.path.parent)
    one.prompt("And on").call(41_000)
    watching.wait_for(lambda: watching.calls() == 4)
    watching.assert_complete()


def test_a_root_that_lies_elsewhere(watching: Watching) -> None:
    one = session(watching)
    projects, elsewhere = watching.claude_dir / "projects", watching.claude_dir.with_name("elsewhere")
    projects.rename(elsewhere)
    projects.symlink_to(elsewhere)
    (elsewhere / "-home-dev-again").symlink_to(elsewhere / "-home-dev-shop")  # one folder by two names
    watching.start()
    for number in range(3, 6):
        started = time.monotonic()
        one.prompt("Go on").call(40_000)
        watching.wait_for(lambda number=number: watching.calls() == number)
        assert time.monotonic() - started < 1.0, "its events are seen, not only the scan of every half minute"
    watching.assert_complete()


def test_files_and_folders_that_come_and_go(watching: Watching) -> None:
    watching.start()
    one = session(watching, project="/home/dev/new")
    watching.wait_for(lambda: watching.calls() == 2)
    agent = one.path.with_suffix("") / "subagents" / "agent-a1.jsonl"
    agent.parent.mkdir(parents=True)
    agent.write_text(one.path.read_text().replace("msg_", "msg_agent").replace("req_", "req_agent"))
    watching.wait_for(lambda: watching.calls() == 4)
    agent.unlink()
    one.path.unlink()
    two = session(watching, project="/home/dev/new")
    watching.wait_for(lambda: watching.calls() == 6)
    assert two.path.exists()
    assert watching.notices == []


@pytest.mark.parametrize(
    ("where", "error", "words"),
    [
        ("start", OSError(errno.ENOSPC, "inotify watch limit reached"), "inotify watch limit reached"),
        ("schedule", OSError(errno.ENOSPC, "inotify watch limit reached"), "inotify watch limit reached"),
        # What watchdog says on macOS, where a process may open 256 files.
        ("schedule", RuntimeError("Failed creating fsevent stream"), "Failed creating fsevent stream"),
        ("schedule", SystemError("Cannot start fsevents stream."), "Cannot start fsevents stream."),
    ],
)
def test_no_more_watches_to_be_had(
    watching: Watching, monkeypatch: pytest.MonkeyPatch, where: str, error: Exception, words: str
) -> None:
    from watchdog.observers import Observer

    def refuse(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(Observer, where, refuse)
    watching.start()
    assert watching.notices == [f"no file events ({words}); looking every 2 s instead"]
    monkeypatch.setattr("tracker.watch._POLL_SECONDS", 0.2)
    watching.watcher.wake()
    one = session(watching)
    watching.wait_for(lambda: watching.calls() == 2)
    one.prompt("More").call(40_000)
    watching.wait_for(lambda: watching.calls() == 3)
    watching.assert_complete()


def test_a_folder_that_may_not_be_read_is_named(watching: Watching, monkeypatch: pytest.MonkeyPatch) -> None:
    from tracker.sources.claude_code import ClaudeCodeSource

    one = session(watching)
    session(watching, project="/home/dev/other")
    read = ClaudeCodeSource.read

    def refuse(self: Any, file: Any, state: Any, options: Any) -> Any:
        if file.path == str(one.path):
            raise PermissionError(errno.EACCES, "Permission denied", file.path)
        return read(self, file, state, options)

    monkeypatch.setattr(ClaudeCodeSource, "read", refuse)
    watching.start()
    assert watching.notices == [f"cannot read {one.path}: Permission denied"]
    assert watching.calls() == 2
    monkeypatch.undo()
    one.prompt("More").call(40_000)
    watching.wait_for(lambda: watching.calls() == 5, seconds=45)  # at the latest by the scan of every half minute
    watching.assert_complete()


def test_a_full_disk(watching: Watching) -> None:
    """SQLite itself says that the disk is full: its file may grow no more."""
    session(watching)
    watching.start()
    pages = watching.reader.execute("PRAGMA page_count").fetchone()[0]
    watching.reader.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    watching.db.execute(f"PRAGMA max_page_count = {pages + 2}")
    for _ in range(30):
        session(watching, calls=30)
    watching.wait_for(lambda: any("full" in notice for notice in watching.notices))
    watching.db.execute("PRAGMA max_page_count = 1073741823")
    watching.wait_for(lambda: watching.calls() == 2 + 900, seconds=15)
    watching.wait_for(lambda: watching.notices[-1] == "the ledger can be written again")
    watching.assert_complete()


def test_a_ledger_that_another_program_holds(watching: Watching, tmp_path: Path) -> None:
    watching.db.execute("PRAGMA busy_timeout = 50")
    watching.start()
    holder = sqlite3.connect(watching.ledger, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    session(watching)
    watching.wait_for(lambda: any("locked" in notice for notice in watching.notices))
    assert "locked" in watching.watcher.failure
    holder.execute("ROLLBACK")
    watching.wait_for(lambda: watching.calls() == 2)
    watching.wait_for(lambda: watching.watcher.failure == "")
    holder.close()
    watching.assert_complete()


def test_an_end_is_not_kept_waiting_by_a_ledger_that_cannot_be_written(watching: Watching) -> None:
    watching.db.execute("PRAGMA busy_timeout = 0")
    watching.start()
    with closing(sqlite3.connect(watching.ledger, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        session(watching)
        watching.wait_for(lambda: watching.watcher.failure != "")
        started = time.monotonic()
        watching.stop()
        assert time.monotonic() - started < 0.5
