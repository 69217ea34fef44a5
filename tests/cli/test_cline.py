"""Cline in the same ledger: both stores at once, both agents together and apart, files that are torn while read."""

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from store.ledger import open_ledger
from tests.cli.running import Taximeter
from tests.unit.ledger.captured import DATA
from tests.unit.sources.cline.taking_in import take_in_cline
from tests.unit.sources.cline.torn import TASK, read_beside_writers
from tests.unit.sources.cline.writing import CAPTURES, Rows, SessionFolder, TaskFolder, metrics
from tracker.sources.cline.live_rows import rows_folder

READS = 1_000
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
            for folder in order:
                take_in_cline(db, folder)
            found.append(db.execute("SELECT message_id, output, cost FROM call ORDER BY 1").fetchall())
        assert found[0] == found[1]
        assert len(found[0]) == 3


@pytest.mark.parametrize("words", ["Go", "Go on with all of it. " * 40], ids=["rows first", "history first"])
def test_a_task_without_its_folder_in_the_rows_has_the_historys(user: Path, taximeter: Taximeter, words: str) -> None:
    storage = user / ".config" / "Code" / "User" / "globalStorage" / "rooveterinaryinc.roo-cline"
    folder = storage / "tasks" / "0198c1f0"
    folder.mkdir(parents=True)
    rows = Rows(int(TASK))
    (folder / "ui_messages.json").write_text(json.dumps([rows.say("text", "Go"), rows.request(4, 40)]))
    (folder / "history_item.json").write_text(json.dumps({"id": "0198c1f0", "task": words, "workspace": "/home/dev/x"}))
    [session] = taximeter("sessions", "--json").json()["sessions"]
    assert session["project"] == "/home/dev/x"


def test_a_model_that_becomes_known_prices_the_calls_that_were_read_before(user: Path, taximeter: Taximeter) -> None:
    task, rows = TaskFolder(user / ".cline", TASK), Rows(int(TASK))
    written = [rows.say("task", "Go"), rows.request(4, 40)]
    del written[0]["modelInfo"], written[1]["modelInfo"]
    task.write(written)
    assert taximeter("sync", "--json").json()["unpriced_calls"] == 1
    use = {"ts": int(TASK), "model_id": "claude-sonnet-4-5-20250929", "model_provider_id": "anthropic"}
    (task.folder / "task_metadata.json").write_text(json.dumps({"model_usage": [use]}))
    task.write([*written, rows.say("completion_result", "Done")])
    assert taximeter("sync", "--json").json()["unpriced_calls"] == 0
    [call] = taximeter("calls", "--json").json_lines()
    assert (call["model"], call["provider"]) == ("claude-sonnet-4-5-20250929", "anthropic")


def test_a_session_without_a_project_has_no_empty_place_for_it(user: Path, taximeter: Taximeter) -> None:
    task, rows = TaskFolder(user / ".cline", TASK), Rows(int(TASK))
    task.write([rows.say("task", "Go"), rows.request(4, 40)])
    assert taximeter("context").out.splitlines()[1] == f"{TASK} · cline · claude-sonnet-4-5-20250929"


class TestWhereTheClientCompactsByItself:
    """The size is that of the generation at work, and it says where it is assumed."""

    def classic(self, user: Path, taximeter: Taximeter, model: dict[str, str]) -> tuple[dict[str, Any], str]:
        rows = Rows(int(TASK))
        rows.model = {**model, "mode": "act"}
        TaskFolder(user / ".cline", TASK).write([rows.say("task", "Go"), rows.request(4_000, 40)])
        return taximeter("context", "--json").json()["prospect"], taximeter("context").out

    def test_classic(self, user: Path, taximeter: Taximeter) -> None:
        model = {"providerId": "anthropic", "modelId": "claude-sonnet-4-5-20250929"}
        ahead, text = self.classic(user, taximeter, model)
        assert (ahead["auto_compaction_at"], ahead["auto_compaction_source"]) == (160_000, "shipped")
        assert "the client auto-compacts at 160k, in about " in text

    def test_a_window_that_is_not_known(self, user: Path, taximeter: Taximeter) -> None:
        ahead, text = self.classic(user, taximeter, {"providerId": "openai-native", "modelId": "gpt-5"})
        assert (ahead["auto_compaction_at"], ahead["auto_compaction_source"]) == (98_000, "assumed")
        assert "the client auto-compacts at ~98.0k (assumed), in about " in text

    def test_a_model_that_is_free(self, user: Path, taximeter: Taximeter) -> None:
        model = {"providerId": "openrouter", "modelId": "qwen/qwen3-coder:free"}
        ahead, text = self.classic(user, taximeter, model)
        assert {one["cost_usd"] for one in ahead["options"]} == {"0.000000000"}
        assert text.count("saves nothing") == 2

    def test_the_sdk_generation(self, user: Path, taximeter: Taximeter) -> None:
        session = SessionFolder(user / ".cline", f"{TASK}_ab1cd")
        session.user("Go")
        session.answer(metrics(4_000, 40))
        session.write()
        ahead = taximeter("context", "--json").json()["prospect"]
        assert (ahead["auto_compaction_at"], ahead["auto_compaction_source"]) == (180_000, "shipped")


def test_doctor_names_what_a_crash_left_torn(user: Path, taximeter: Taximeter) -> None:
    rows = Rows(int(TASK))
    whole, torn = TaskFolder(user / ".cline", TASK), TaskFolder(user / ".cline", f"{int(TASK) + 1}")
    written = [rows.say("task", "Go"), rows.request(4, 40)]
    whole.write(written)
    torn.write(written)
    left = torn.folder / "ui_messages.json"
    left.write_bytes(left.read_bytes()[:-9])
    assert taximeter("doctor", "--json").json()["torn_files"] == [], "it may be at work"
    os.utime(left, (1_795_000_000, 1_795_000_000))
    assert taximeter("doctor", "--json").json()["torn_files"] == [str(left)]
    assert f"✘ 1 file cut off by a crash: the last line is not in the ledger\n           {left}" in (
        taximeter("doctor").out
    )
    assert taximeter("doctor", "--no-sync", "--json").json()["torn_files"] == []


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

    def test_on_eighty_columns_the_list_still_says_whose_a_task_is(
        self, both: Taximeter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tracker.cli.output.terminal_width", lambda: 80)
        lines = both("tasks", "--no-sync").out.splitlines()
        assert "agent" in lines[1]
        assert {"cline", "cc"} <= {word for line in lines for word in line.split()}
        assert max(len(line) for line in lines[1 : len(self.CLINE) + 3]) <= 80
        assert "agent" not in both("tasks", "--agent", "cline", "--no-sync").out.splitlines()[1]


class TestOneTask:
    """What an opened task says of the provider: its own figure where it differs, and what it refused."""

    @pytest.fixture
    def opened(self, user: Path, taximeter: Taximeter) -> str:
        """A task by OpenRouter that ran out of credit after two requests; returns its id."""
        task, rows = TaskFolder(user / ".cline", TASK), Rows(int(TASK))
        rows.model = {"providerId": "openrouter", "modelId": "anthropic/claude-sonnet-4.5", "mode": "act"}
        busy = {"attempt": 1, "errorMessage": json.dumps({"message": "busy: sk-secret", "status": 429})}
        refused = json.dumps({"message": "Insufficient credits", "status": 402})
        task.write(
            [
                rows.say("task", "Port the parser"),
                rows.request(1000, 100, cost=0.005),
                rows.request(1000, 100, cost=0.0045),
                rows.say("error_retry", json.dumps(busy)),
                rows.request(0, 0, cost=None, cancelReason="retries_exhausted", streamingFailedMessage=refused),
                rows.ask("api_req_failed", refused),
            ]
        )
        [found] = taximeter("tasks", "--json").json()["tasks"]
        return str(found["id"])

    def test_the_text_says_what_was_billed_and_refused_and_no_secret(self, opened: str, taximeter: Taximeter) -> None:
        shown = taximeter("task", opened).out
        assert "reported: what the provider itself billed\n" in shown
        assert "The provider billed $0.0095, the list price is $0.0090 (5 % less)" in shown
        assert "402 no credit left: add credit to the account at the provider" in shown
        assert "429 too many requests" in shown
        assert "secret" not in shown

    def test_json_has_the_bill_and_the_refusals(self, opened: str, taximeter: Taximeter) -> None:
        task = taximeter("task", opened, "--json").json()["task"]
        [reported] = task["reported"]
        assert (reported["label"], reported["differs"]) == ("reported", True)
        assert (task["cost_usd"], reported["billed"]["list_price_usd"]) == ("0.009500000", "0.009000000")
        assert [(one["kind"], one["times"]) for one in task["refusals"]] == [("no_credit", 1), ("rate_limit", 1)]

    def test_a_spend_report_says_how_much_is_reported(self, opened: str, taximeter: Taximeter) -> None:
        assert "$0.0095 of it is reported" in taximeter("spend").out
        assert "is reported" not in taximeter("spend", "--until", "2026-01-01").out
        assert "is reported" not in taximeter("spend", "--model", "claude-opus-5-5").out

    def test_an_unpriced_call_is_not_shown_as_zero(self, taximeter: Taximeter) -> None:
        folder = str(CAPTURES / "v2-openai-priced" / ".cline")
        [task] = taximeter("--cline-dir", folder, "tasks", "--json").json()["tasks"]
        shown = taximeter("task", task["id"], "--no-sync").out
        assert "2 calls have no list price; Cline says $0.0617" in shown
        assert "$0.00" not in shown
        assert "rewrite – (" in taximeter("cache", "--no-sync").out, "the provider writes no cache, which is not ideal"
        row = next(line for line in taximeter("tasks", "--no-sync").out.splitlines() if line.startswith("✔"))
        assert row.split()[-4:] == ["–", "?", "$0.00", "completion"], "re-read, inherited, waste: nothing was missed"

    def test_where_figures_agree_nothing_is_said(self, taximeter: Taximeter) -> None:
        folder = str(CAPTURES / "v3-simple" / ".cline")
        [task] = taximeter("--cline-dir", folder, "tasks", "--json").json()["tasks"]
        shown = taximeter("task", task["id"], "--no-sync").out
        assert "Cline" not in shown
        assert "reported" not in shown


def test_plugin_rows_are_ingested_as_the_same_calls_as_clines_record(
    user: Path, isolated_home: Path, taximeter: Taximeter
) -> None:
    session = SessionFolder(user / ".cline", "1795000100000_abcde")
    session.user("Go")
    answer = session.answer(metrics(1000, 10))
    rows = rows_folder(isolated_home, session.root)
    rows.mkdir(parents=True)
    row = {
        "session": session.session,
        "agent": "a",
        "id": answer["id"],
        "at": answer["ts"],
        "metrics": metrics(1000, 10),
    }
    line = json.dumps({**row, "model": UNKNOWN["id"], "provider": "anthropic"})
    (rows / f"{session.session}.jsonl").write_text(f"{line}\n")
    assert taximeter("sync", "--json").json()["new_calls"] == 1
    session.write()
    told = taximeter("sync", "--json").json()
    assert (told["new_calls"], told["calls"]) == (0, 1)


def test_a_total_of_clines_is_not_called_missing(taximeter: Taximeter) -> None:
    folder = str(CAPTURES / "v3-simple" / ".cline")
    shown = taximeter("--cline-dir", folder, "reconcile", "--offline", "--since", "2026-11-01").out
    assert "Claude Code recorded no totals for these days." in shown


def test_sessions_that_began_in_one_second_are_distinguished(user: Path, taximeter: Taximeter) -> None:
    for number in range(2):
        session = SessionFolder(user / ".cline", f"179500010000{number}_abcde")
        session.user("Go")
        session.answer(metrics(1000, 10), id=f"msg_{number}")
        session.write()
    listed = [line.split()[0] for line in taximeter("sessions").out.splitlines() if "1795" in line]
    assert sorted(listed) == ["1795000100000", "1795000100001"]
    for shown in listed:
        assert [call["session"] for call in taximeter("calls", "--json", "--session", shown).json_lines()] == [
            f"{shown}_abcde"
        ]
    assert "'17950001' could be" in taximeter("calls", "--session", "17950001").err


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


def test_files_rewritten_during_a_read_lose_and_duplicate_nothing(tmp_path: Path) -> None:
    torn = read_beside_writers(open_ledger(), tmp_path / ".cline", READS)
    assert torn > 0, "the writers were never met at work: the test shows nothing"
