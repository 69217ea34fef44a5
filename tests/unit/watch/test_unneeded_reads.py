"""What happens beside the records is no reason to look through all of them."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from store.ledger import open_ledger
from tests.unit.sources.cline.writing import Rows, TaskFolder
from tracker.pricing import PriceBook
from tracker.sources.base import FoundFile, Options
from tracker.sources.claude_code import ClaudeCodeSource
from tracker.sources.cline import ClineSource
from tracker.watch import Watcher, WatchTargets

REQUESTS = 12


class CountedListings(ClineSource):
    """Cline's records; counts how often all of them were listed."""

    listings = 0

    def discover(self, root: Path) -> Iterator[FoundFile]:
        self.listings += 1
        return super().discover(root)


def beside(task: TaskFolder) -> Iterator[Path]:
    """Files that Cline writes with every request, and its shadow repository."""
    data = task.root / "data"
    yield data / "db" / "sessions.db-wal"
    yield data / "logs" / "cline.log"
    yield data / "checkpoints" / "1234" / ".git" / "objects" / "ab" / "cdef"
    yield task.folder / "api_conversation_history.json"
    yield task.folder / "task_metadata.json"


def test_a_task_that_is_written_has_only_its_own_file_read(tmp_path: Path) -> None:
    task, rows = TaskFolder(tmp_path / ".cline", "1795000000000"), Rows()
    written = [rows.say("task", "Write a parser")]
    task.write(written)
    source, stop = CountedListings(), threading.Event()
    with closing(open_ledger(tmp_path / "ledger.db")) as db, closing(open_ledger(tmp_path / "ledger.db")) as reader:
        looks: list[object] = []
        watcher = Watcher(
            db, WatchTargets([(source, [task.root])], lambda _db: Options(PriceBook())), on_sync=looks.append
        )
        thread = threading.Thread(target=watcher.run, args=(stop,), daemon=True)
        thread.start()
        end = time.monotonic() + 25  # less than the half minute after which everything is listed
        while not looks and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(0.3)  # watches are set in the same breath, on another thread
        before, calls = source.listings, 0
        for number in range(REQUESTS):
            written.append(rows.request(100, 10))
            for path in beside(task):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("{}")
            passing = f"ui_messages.json.tmp.{1795000000000 + number}.abc.json"
            task.write(written, passing)
            (task.folder / passing).replace(task.folder / "ui_messages.json")
            time.sleep(0.05)
        while calls < REQUESTS and time.monotonic() < end:
            time.sleep(0.01)
            calls = reader.execute("SELECT COUNT(*) FROM call").fetchone()[0]
        stop.set()
        watcher.wake()
        thread.join(timeout=20)
    assert (calls, source.listings - before) == (REQUESTS, 0)


def test_the_folders_that_are_watched_are_those_with_records(tmp_path: Path) -> None:
    task = TaskFolder(tmp_path / ".cline", "1795000000000")
    assert ClineSource().watched(task.root) == [task.root / "data" / "tasks"]
    history = task.root / "data" / "state" / "taskHistory.json"
    history.parent.mkdir()
    history.write_text("[]")
    assert ClineSource().watched(task.root) == [task.root / "data" / "tasks", history.parent]
    empty = tmp_path / "empty"
    empty.mkdir()
    assert ClineSource().watched(empty) == [empty]
    assert ClineSource().watched(tmp_path / "gone") == [tmp_path / "gone"]


def test_a_link_that_ends_in_itself_hides_no_other_from_the_watcher(tmp_path: Path) -> None:
    projects, elsewhere = tmp_path / "projects", tmp_path / "elsewhere"
    projects.mkdir()
    elsewhere.mkdir()
    for name, target in (("-a", projects / "-a"), ("-b", elsewhere), ("-c", tmp_path / "gone")):
        (projects / name).symlink_to(target)
    assert ClaudeCodeSource().watched(tmp_path) == [projects, projects / "-b"]


def test_outputs_of_tools_beside_a_transcript_are_passed_over() -> None:
    assert ClaudeCodeSource().may_list("/home/dev/.claude/projects/p/s/subagents/agent-1.jsonl")
    assert not ClaudeCodeSource().may_list("/home/dev/.claude/projects/p/s/tool-results/1.txt")
    assert ClaudeCodeSource().may_list("/home/dev/.claude/projects/p/s/subagents/agent-1.meta.json")
    assert not ClaudeCodeSource().may_list("/home/dev/.claude/projects/p/s/other.meta.json")
