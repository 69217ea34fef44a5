"""Cline in the same ledger: both stores at once, both agents together and apart, files that are torn while read."""

import json
import os
import sqlite3
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from store.invariants import check_invariants
from store.ledger import open_ledger
from tests.cli.running import Taximeter
from tests.unit.ledger.captured import DATA
from tests.unit.sources.cline.writing import CAPTURES, Rows, SessionFolder, TaskFolder, metrics
from tracker.cli.sync import options_of
from tracker.ingest import sync
from tracker.sources.cline import ClineSource

READS = 1_000
TASK = "1795000000000"
LEGACY = "Warning: this is a legacy conversation, continued in a session of the same id."
UNKNOWN = {"id": "claude-sonnet-4-5-20250929", "provider": "unknown"}


@pytest.fixture
def user() -> Path:
    """The user's home."""
    return Path(os.environ["HOME"])


class TestOneMachineWithBothStores:
    """The editor's classic store, the command line's classic store and the SDK's, with one task in all three."""

    @pytest.fixture
    def machine(self, user: Path) -> Path:
        """Write the stores; the task has two classic requests and went on with one in the SDK."""
        editor = TaskFolder(user / "editor", TASK)
        storage = user / ".config" / "Code" / "User" / "globalStorage" / "saoudrizwan.claude-dev"
        storage.parent.mkdir(parents=True)
        rows = Rows(int(TASK))
        written = [rows.say("task", "Write a parser"), rows.request(4, 40, 1000, 0, 0.0043495)]
        written += [rows.request(4, 50, 200, 1000, 0.0018125), rows.say("completion_result", "Done")]
        editor.write(written)
        (user / "editor" / "data").rename(storage)
        TaskFolder(user / ".cline", TASK).write(written)
        session = SessionFolder(user / ".cline", TASK)
        session.at = rows.at
        session.user("Write a parser")
        session.answer(metrics(2208, 90, 1000, 1200, 0.006162), modelInfo=UNKNOWN)
        session.user(LEGACY)
        session.user("And a test for it")
        session.answer(metrics(1604, 60, 1200, 400, 0.0027721))
        session.write()
        return user

    def test_the_migrated_task_is_counted_once(self, machine: Path, taximeter: Taximeter) -> None:
        told = taximeter("sync", "--json").json()
        assert (told["calls"], told["new_calls"], told["bad_lines"], told["problems"]) == (3, 3, 0, [])
        found = taximeter("spend", "--json", "--by", "agent").json()
        [row] = found["rows"]
        assert (row["key"], row["calls"], row["sessions"]) == ("cline", 3, 1)
        assert row["tokens"]["output"] == 40 + 50 + 60
        assert row["tokens"]["cache_write_5m"] == 1000 + 200 + 400

    def test_it_is_one_task_with_all_its_requests(self, machine: Path, taximeter: Taximeter) -> None:
        [task] = taximeter("tasks", "--json").json()["tasks"]
        assert (task["sessions"], task["calls"], task["title"]) == ([TASK], 3, "Write a parser")
        assert [turn["calls"] for turn in task["turns"]] == [2, 1]

    def test_reading_again_changes_nothing(self, machine: Path, taximeter: Taximeter) -> None:
        taximeter("sync")
        first = taximeter("calls", "--json").out
        for path in machine.rglob("*.json"):
            path.write_bytes(path.read_bytes())
        assert taximeter("sync", "--json").json()["new_calls"] == 0
        assert taximeter("calls", "--json").out == first

    def test_the_order_of_the_stores_does_not_matter(self, machine: Path, taximeter: Taximeter, tmp_path: Path) -> None:
        editor = machine / ".config" / "Code" / "User" / "globalStorage" / "saoudrizwan.claude-dev"
        found = []
        for name, order in (("a", [editor, machine / ".cline"]), ("b", [machine / ".cline", editor])):
            db = open_ledger(tmp_path / f"{name}.db")
            source = ClineSource()
            for folder in order:
                sync(db, [(source, source.roots([folder]))], options_of(db))
            found.append(db.execute("SELECT message_id, output, cost FROM call ORDER BY 1").fetchall())
        assert found[0] == found[1]
        assert len(found[0]) == 3


class TestBothAgents:
    """Together and apart, with the same figures."""

    CLINE = ("v2-hooks", "v3-subagent")

    @pytest.fixture
    def both(self, taximeter: Taximeter) -> Taximeter:
        """The command line over captured sessions of both agents."""
        taximeter.claude_dirs = [DATA / "s03_tools"]
        folders = [part for name in self.CLINE for part in ("--cline-dir", str(CAPTURES / name / ".cline"))]
        told = taximeter(*folders, "sync", "--json").json()
        assert told["problems"] == []
        return taximeter

    def test_a_row_an_agent_and_their_sum(self, both: Taximeter) -> None:
        found = both("spend", "--by", "agent", "--json", "--no-sync").json()
        rows = {row["key"]: row for row in found["rows"]}
        assert set(rows) == {"cline", "claude-code"}
        assert rows["cline"]["cost_usd"] == "0.160167150"
        assert sum(Decimal(row["cost_usd"]) for row in rows.values()) == Decimal(found["total"]["cost_usd"])
        assert sum(row["calls"] for row in rows.values()) == found["total"]["calls"]

    @pytest.mark.parametrize("agent", ["cline", "claude-code"])
    def test_each_alone_is_its_row(self, agent: str, both: Taximeter) -> None:
        together = both("spend", "--by", "agent", "--json", "--no-sync").json()
        [row] = [row for row in together["rows"] if row["key"] == agent]
        alone = both("spend", "--agent", agent, "--json", "--no-sync").json()["total"]
        assert {**alone, "key": agent} == row

    def test_tasks_of_both_and_of_each(self, both: Taximeter) -> None:
        everything = both("tasks", "--json", "--no-sync").json()["tasks"]
        by_agent = {
            agent: both("tasks", "--agent", agent, "--json", "--no-sync").json()["tasks"]
            for agent in ("cline", "claude-code")
        }
        assert len(by_agent["cline"]) == len(self.CLINE)
        assert by_agent["claude-code"]
        ids = sorted(task["id"] for tasks in by_agent.values() for task in tasks)
        assert ids == sorted(task["id"] for task in everything)
        assert {tuple(task["agents"]) for task in by_agent["cline"]} == {("cline",)}
        assert {task["status"] for task in by_agent["cline"]} == {"completed"}

    def test_what_is_shown_to_people(self, both: Taximeter) -> None:
        shown = both("spend", "--by", "agent", "--no-sync").out
        assert "cline" in shown
        assert "claude-code" in shown


class TestTasks:
    """Cline's own task is the task: a resume continues it, feedback after its completion opens it again."""

    @pytest.fixture
    def rows(self) -> Rows:
        return Rows(int(TASK))

    @pytest.fixture
    def task(self, user: Path) -> TaskFolder:
        return TaskFolder(user / ".cline", TASK)

    def status(self, taximeter: Taximeter) -> tuple[str, str | None, int]:
        [task] = taximeter("tasks", "--json").json()["tasks"]
        return task["status"], task["evidence"], len(task["turns"])

    def test_feedback_opens_it_and_another_completion_closes_it(
        self, task: TaskFolder, rows: Rows, taximeter: Taximeter
    ) -> None:
        edit = json.dumps({"tool": "editedExistingFile", "path": "a.py"})
        written = [rows.say("task", "Write a module"), rows.request(4, 40), rows.say("tool", edit), rows.request(4, 40)]
        written.append(rows.say("completion_result", "Done"))
        task.write(written)
        assert self.status(taximeter) == ("completed", "completion", 1)
        written += [rows.say("user_feedback", "Now do something entirely different"), rows.request(4, 40)]
        task.write(written)
        assert self.status(taximeter) == ("open", None, 2)
        written.append(rows.say("completion_result", "Done"))
        task.write(written)
        assert self.status(taximeter) == ("completed", "completion", 2)

    def test_a_resume_days_later_continues_it(self, task: TaskFolder, rows: Rows, taximeter: Taximeter) -> None:
        written = [rows.say("task", "Write a module"), rows.request(4, 40), rows.ask("resume_task")]
        rows.at += 5 * 86_400_000
        task.write([*written, rows.request(4, 40), rows.say("completion_result", "Done")])
        assert self.status(taximeter) == ("completed", "completion", 2)


class Rewriter(threading.Thread):
    """Writes ever longer versions of a file over it, in pieces and without care, and begins again with the first."""

    def __init__(self, path: Path, versions: list[bytes]) -> None:
        super().__init__(daemon=True)
        self._path = path
        self._versions = versions
        self.stopped = threading.Event()

    def run(self) -> None:
        """Rewrite until stopped; the last version is what stays."""
        while not self.stopped.is_set():
            for version in self._versions:
                self._overwrite(version)
                self.stopped.wait(0.001)
        self._overwrite(self._versions[-1])

    def _overwrite(self, version: bytes) -> None:
        with self._path.open("wb", buffering=0) as handle:
            for start in range(0, len(version), 3_000):
                handle.write(version[start : start + 3_000])


class TornStores:
    """A session and a classic task below a folder, each with a writer; `truth` is input by key once both are whole."""

    def __init__(self, root: Path) -> None:
        session, task, rows = SessionFolder(root, "1795000100000_abcde"), TaskFolder(root, TASK), Rows(int(TASK))
        self.truth: dict[str, int] = {}
        transcripts, lists = [], []
        written: list[dict[str, Any]] = [rows.say("task", "word " * 200)]
        for number in range(1, 13):
            session.user("word " * 200)
            answer = session.answer(metrics(1_000 * number, number))
            self.truth[answer["id"]] = 1_000 * number
            session.write()
            transcripts.append(session.path.read_bytes())
            asked = rows.say("api_req_started", json.dumps({"request": "…"}))
            lists.append(json.dumps([*written, asked]).encode())
            counts = {"request": "…", "tokensIn": number, "tokensOut": 10 * number, "cost": 0.01}
            written += [{**asked, "text": json.dumps(counts)}, rows.say("text", "word " * 200)]
            self.truth[f"cline:{TASK}:{asked['ts']}"] = number
            lists.append(json.dumps(written).encode())
        rows_path = task.folder / "ui_messages.json"
        rows_path.write_bytes(lists[0])
        self.writers = [Rewriter(session.path, transcripts), Rewriter(rows_path, lists)]


def read_beside_writers(db: sqlite3.Connection, root: Path, reads: int) -> int:
    """Sync `reads` times while the files below `root` are rewritten; returns how many looks met a torn file."""
    stores = TornStores(root)
    source = ClineSource()
    sources = [(source, source.roots([root]))]
    options, torn, known = options_of(db), 0, 0
    for writer in stores.writers:
        writer.start()
    try:
        for _ in range(reads):
            report = sync(db, sources, options)
            assert (report.problems, report.bad_lines) == ([], 0)
            torn += report.files > 0 and report.bytes <= 0
            rows = db.execute("SELECT message_id, input FROM call").fetchall()
            assert len(rows) >= known, "a row was lost"
            assert dict(rows).items() <= stores.truth.items()
            assert len(rows) == len(dict(rows)), "a row is there twice"
            known = len(rows)
    finally:
        for writer in stores.writers:
            writer.stopped.set()
            writer.join()
    sync(db, sources, options)
    assert dict(db.execute("SELECT message_id, input FROM call")) == stores.truth
    assert db.execute("SELECT SUM(calls) FROM spend").fetchone() == (len(stores.truth),)
    assert [one for one in check_invariants(db) if one.broken] == []
    return torn


def test_files_that_are_rewritten_while_they_are_read_lose_and_double_nothing(tmp_path: Path) -> None:
    torn = read_beside_writers(open_ledger(), tmp_path / ".cline", READS)
    assert torn > 0, "the writers were never met at work: the test shows nothing"
