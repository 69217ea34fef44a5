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


# Appends what it is told to, each piece with an open and a close of its own: ten thousand in less than a second.
APPENDER = """
import json, os, sys
pieces = [(path, text.encode()) for path, text in json.load(sys.stdin)]
for path, text in pieces:
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, text)
    os.close(file)
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
    subprocess.run([sys.executable, "-c", APPENDER], input=json.dumps(pieces), text=True, check=True)
    watching.wait_for(lambda: watching.calls() == 2_500)
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
def test_a_deleted_root_and_its_return(watching: Watching, monkeypatch: pytest.MonkeyPatch) -> None:
    session(watching)
    watching.start()
    assert watching.calls() == 2
    shutil.rmtree(watching.claude_dir)
    time.sleep(0.2)
    (watching.claude_dir / "projects").mkdir(parents=True)
    session(watching, calls=3)
    watching.wait_for(lambda: watching.calls() == 5)  # at the latest by the scan of every half minute
    monkeypatch.setattr("tracker.watch._SCAN_SECONDS", 3600.0)  # from here on the new folder has to be watched
    session(watching, calls=4)
    watching.wait_for(lambda: watching.calls() == 9)


@pytest.mark.usefixtures("looks_often")
def test_a_root_that_is_away_for_a_while(watching: Watching) -> None:
    one = session(watching)
    watching.start()
    away = watching.claude_dir.with_name("away")
    watching.claude_dir.rename(away)
    watching.wait_for(lambda: bool(watching.notices))
    assert [notice.split(" is ")[1][:4] for notice in watching.notices] == ["gone"]
    assert watching.watcher.absence == watching.notices[0]
    away.rename(watching.claude_dir)
    one.prompt("More").call(40_000)
    watching.wait_for(lambda: watching.calls() == 3)
    watching.wait_for(lambda: watching.notices[1:] == [f"{watching.claude_dir} is back"])
    assert watching.watcher.absence == ""
    watching.assert_complete()


@pytest.mark.usefixtures("only_events")
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


@pytest.mark.usefixtures("looks_often", "only_events")
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
    link = str(one.path.parent)
    watching.wait_for(lambda: link in watching.watcher._watched)
    one.prompt("Go on").call(40_000)
    watching.wait_for(lambda: watching.calls() == 3)
    one.path.parent.unlink()
    watching.wait_for(lambda: link not in watching.watcher._watched)
    elsewhere.rename(one.path.parent)
    one.prompt("And on").call(41_000)
    watching.wait_for(lambda: watching.calls() == 4)
    watching.assert_complete()


@pytest.mark.usefixtures("only_events")
def test_a_root_that_lies_elsewhere(watching: Watching) -> None:
    one = session(watching)
    projects, elsewhere = watching.claude_dir / "projects", watching.claude_dir.with_name("elsewhere")
    projects.rename(elsewhere)
    projects.symlink_to(elsewhere)
    (elsewhere / "-home-dev-again").symlink_to(elsewhere / "-home-dev-shop")  # one folder by two names
    watching.start()
    for number in range(3, 6):
        one.prompt("Go on").call(40_000)
        watching.wait_for(lambda number=number: watching.calls() == number)
    watching.assert_complete()


@pytest.mark.usefixtures("only_events")
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
    watching.wait_for(lambda: watching.calls() == 5)  # at the latest by the scan of every half minute
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
    watching.wait_for(lambda: watching.calls() == 2 + 900)
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


def test_an_end_is_not_kept_waiting_by_a_ledger_that_cannot_be_written(
    watching: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.watch._RETRY_SECONDS", 3600.0)
    watching.db.execute("PRAGMA busy_timeout = 0")
    watching.start()
    with closing(sqlite3.connect(watching.ledger, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        session(watching)
        watching.wait_for(lambda: watching.watcher.failure != "")
        watching.stop()
