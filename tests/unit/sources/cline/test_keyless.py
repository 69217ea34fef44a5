"""Requests that no key names: of copied tasks, and of the provider `claude-code`, which leaves transcripts, too."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from store import spend
from store.ledger import open_ledger
from store.reads.plans import plan_calls
from tests.unit.ledger.reading import before_migration
from tests.unit.sources.cline.taking_in import take_in_cline
from tests.unit.sources.cline.writing import Rows, SessionFolder, TaskFolder, metrics
from tracker.hidden_spend import hidden_spend
from tracker.ingest import SyncReport, sync, sync_in_parallel
from tracker.pricing import PriceBook
from tracker.sources.base import Options
from tracker.sources.claude_code import ClaudeCodeSource
from tracker.sources.cline import ClineSource

MODEL = "claude-sonnet-4-5-20250929"
START = 1_795_000_000_000


@pytest.fixture
def ledger(tmp_path: Path) -> sqlite3.Connection:
    return open_ledger(tmp_path / "ledger.db")


@pytest.fixture
def claude(tmp_path: Path) -> Path:
    return tmp_path / "claude"


def write_run(claude: Path, name: str, at: int, *calls: tuple[int, int, int, int], entrypoint: str = "sdk-cli") -> None:
    """A transcript of one run; `calls` have input, cache write, cache read and output, a fifth of a second apart."""
    folder = claude / "projects" / "app"
    folder.mkdir(parents=True, exist_ok=True)
    common = {"sessionId": name, "cwd": "/home/dev/app", "version": "2.1.329", "entrypoint": entrypoint}

    def line(kind: str, at: int, **more: Any) -> str:
        moment = datetime.fromtimestamp(at / 1000, UTC).isoformat()
        return json.dumps({**common, "type": kind, "uuid": f"{name}{at}{kind}", "timestamp": moment, **more}) + "\n"

    text = line("user", at, message={"role": "user", "content": '[{"role":"user","content":"<task>Do it</task>"}]'})
    for number, (fresh, written, read, output) in enumerate(calls):
        usage = {"input_tokens": fresh, "cache_creation_input_tokens": written, "cache_read_input_tokens": read}
        message = {"id": f"msg_{name}_{number}", "model": MODEL, "stop_reason": "end_turn"}
        answer = {**message, "content": [], "usage": {**usage, "output_tokens": output}}
        text += line("assistant", at + 200 * (1 + number), requestId=f"req_{name}_{number}", message=answer)
    (folder / f"{name}.jsonl").write_text(text)


def taker(db: sqlite3.Connection, claude: Path, cline: Path) -> Callable[[str], None]:
    def take(agent: str) -> None:
        if agent == "claude":
            sync(db, [(ClaudeCodeSource(), [claude])], Options(PriceBook()))
        else:
            take_in_cline(db, cline)

    return take


def counted(db: sqlite3.Connection) -> list[tuple[str, int, int, int, int]]:
    """Agent, input, cache write, cache read and output of every call."""
    return db.execute(
        "SELECT agent, input, write_5m + write_1h, cache_read, output FROM call"
        " JOIN session ON session.id = session_id ORDER BY call.first_at, agent"
    ).fetchall()


def requests_through_claude(task: TaskFolder, rows: Rows, *counts: tuple[int, int, int, int]) -> list[int]:
    """A classic task of requests with input, cache write, cache read and output; returns their times."""
    rows.model["providerId"] = "claude-code"
    made = [rows.say("task", "Do it")]
    times = []
    for fresh, written, read, output in counts:
        made.append(rows.request(fresh, output, written, read, 0.0))
        times.append(rows.at)
        made.append(rows.say("text", "So."))
    task.write([*made, rows.ask("completion_result", "Done.")])
    return times


@pytest.mark.parametrize("order", [("claude", "cline"), ("cline", "claude"), ("cline", "claude", "cline", "claude")])
def test_a_classic_request_is_one_call_of_the_task_with_the_transcripts_counts(
    ledger: sqlite3.Connection, claude: Path, task: TaskFolder, rows: Rows, order: tuple[str, ...]
) -> None:
    first, second = requests_through_claude(task, rows, (4, 12_496, 0, 3), (4, 496, 12_000, 3))
    write_run(claude, "a", first + 300, (4, 12_496, 0, 111))
    write_run(claude, "b", second + 300, (4, 496, 12_000, 222))
    take = taker(ledger, claude, task.root)
    for agent in order:
        take(agent)
        task.folder.joinpath("ui_messages.json").touch()
    assert counted(ledger) == [("cline", 4, 12_496, 0, 111), ("cline", 4, 496, 12_000, 222)]
    spent = ledger.execute("SELECT SUM(calls), SUM(cost) FROM spend").fetchone()
    assert spent == ledger.execute("SELECT COUNT(*), SUM(cost) FROM call").fetchone()


@pytest.mark.parametrize("order", [("claude", "cline"), ("cline", "claude")])
def test_a_run_of_several_calls_is_claude_codes_and_clines_sum_of_it_counts_no_more(
    ledger: sqlite3.Connection, claude: Path, session: SessionFolder, order: tuple[str, ...]
) -> None:
    session.user("Do it")
    model = {"id": "sonnet", "provider": "claude-code"}
    session.answer(metrics(27_000, 333, reads=12_996, writes=13_996), modelInfo=model)
    session.write()
    write_run(claude, "a", session.at - 900, (4, 12_996, 0, 111), (4, 1000, 12_996, 222), entrypoint="sdk-ts")
    take = taker(ledger, claude, session.root)
    for agent in order:
        take(agent)
    assert counted(ledger) == [("claude-code", 4, 12_996, 0, 111), ("claude-code", 4, 1000, 12_996, 222)]


def test_requests_alike_have_a_run_each(ledger: sqlite3.Connection, claude: Path, task: TaskFolder, rows: Rows) -> None:
    times = requests_through_claude(task, rows, (4, 0, 9_000, 3), (4, 0, 9_000, 3), (4, 0, 9_000, 3))
    write_run(claude, "a", times[0] + 300, (4, 0, 9_000, 50))
    write_run(claude, "b", times[2] + 300, (4, 0, 9_000, 70))
    take = taker(ledger, claude, task.root)
    take("cline")
    take("claude")
    assert [output for *_, output in counted(ledger)] == [50, 3, 70]


@pytest.mark.parametrize(
    ("counts", "late_ms", "entrypoint"),
    [
        ((4, 12_497, 0, 111), 300, "sdk-cli"),
        ((4, 12_496, 0, 111), 1_000_000, "sdk-cli"),
        ((4, 12_496, 0, 111), 300, "cli"),
    ],
    ids=["other counts", "another time", "typed by a person"],
)
def test_other_sessions_stay_as_they_are(
    ledger: sqlite3.Connection,
    claude: Path,
    task: TaskFolder,
    rows: Rows,
    counts: tuple[int, int, int, int],
    late_ms: int,
    entrypoint: str,
) -> None:
    (at,) = requests_through_claude(task, rows, (4, 12_496, 0, 3))
    write_run(claude, "a", at + late_ms, counts, entrypoint=entrypoint)
    take = taker(ledger, claude, task.root)
    take("cline")
    take("claude")
    assert [agent for agent, *_ in counted(ledger)] == ["cline", "claude-code"]


def test_what_the_run_cost_is_not_hidden_spend(
    ledger: sqlite3.Connection, claude: Path, task: TaskFolder, rows: Rows
) -> None:
    (at,) = requests_through_claude(task, rows, (4, 12_496, 0, 3))
    write_run(claude, "a", at + 300, (4, 12_496, 0, 111))
    tokens = {"inputTokens": 4, "outputTokens": 111, "cacheReadInputTokens": 0, "cacheCreationInputTokens": 12_496}
    usage = {MODEL: {**tokens, "webSearchRequests": 0, "costUSD": 0.048537}}
    total = {"type": "cost-state", "sessionId": "a", "totalCostUSD": 0.048537, "startTime": at + 200}
    with (claude / "projects" / "app" / "a.jsonl").open("a") as transcript:
        transcript.write(json.dumps({**total, "modelUsage": usage}) + "\n")
    take = taker(ledger, claude, task.root)
    take("cline")
    take("claude")
    (run,) = ledger.execute("SELECT id FROM session WHERE native_id = 'a'").fetchone()
    assert hidden_spend(ledger, [run]).cost == 0


@pytest.mark.parametrize("has_transcript", [True, False])
def test_a_request_through_claude_code_draws_on_its_plan_and_others_of_clines_do_not(
    ledger: sqlite3.Connection, claude: Path, task: TaskFolder, rows: Rows, has_transcript: bool
) -> None:
    (at,) = requests_through_claude(task, rows, (4, 12_496, 0, 3))
    if has_transcript:
        write_run(claude, "a", at + 300, (4, 12_496, 0, 111))
    direct = Rows(at + 60_000)
    TaskFolder(task.root, str(direct.at)).write([direct.say("task", "Do it"), direct.request(10, 5, 1000)])
    take = taker(ledger, claude, task.root)
    take("cline")
    take("claude")
    drawn = {call.input: call.is_other_agent for call in plan_calls(ledger, "2026-01-01", "2027-01-01")}
    assert drawn == {4: False, 10: True}


@pytest.mark.parametrize("name", ["1795000000000 copy", "backup"])
@pytest.mark.parametrize("original_first", [True, False])
def test_a_copy_of_a_task_under_another_name_counts_nothing_twice(
    ledger: sqlite3.Connection, tmp_path: Path, rows: Rows, name: str, original_first: bool
) -> None:
    store = tmp_path / ".cline"
    made = [rows.say("task", "Do it"), rows.request(10, 5, 1000), rows.say("text", "So.")]
    more = [rows.request(10, 7, 0, 1000), rows.say("text", "And so."), rows.ask("completion_result", "Done.")]
    tasks = {"1795000000000": [*made, *more], name: made}
    new_calls = 0
    for task in tasks if original_first else reversed(tasks):
        TaskFolder(store, task).write(tasks[task])
        new_calls += take_in_cline(ledger, store).new_calls
    assert new_calls == 2
    for task, written in tasks.items():  # read once more
        TaskFolder(store, task).write([*written, rows.ask("resume_completed_task")])
    take_in_cline(ledger, store)
    found = ledger.execute("SELECT native_id, output FROM call JOIN session ON session.id = session_id ORDER BY 2")
    assert found.fetchall() == [("1795000000000", 5), ("1795000000000", 7)]
    assert ledger.execute("SELECT SUM(calls) FROM spend").fetchone() == (2,)


def test_processes_that_read_copies_count_as_new_what_the_ledger_has(tmp_path: Path, rows: Rows) -> None:
    store, path = tmp_path / ".cline", tmp_path / "ledger.db"
    made = [rows.say("task", "Do it"), rows.request(10, 5, 1000), rows.request(10, 7, 0, 1000)]
    for name in ("1795000000000", "copy", "backup"):
        TaskFolder(store, name).write(made)
    source, report = ClineSource(), SyncReport()
    sources = [(source, source.roots([store]))]
    db = sync_in_parallel(
        open_ledger(path), path, sources, Options(PriceBook()), report, lambda _progress: None, workers=2
    )
    with closing(db):
        assert len(counted(db)) == report.new_calls == 2


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_ledger_that_counted_a_copy_twice_counts_it_once(
    tmp_path: Path, rows: Rows, is_gone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = tmp_path / ".cline"
    made = [rows.say("task", "Do it"), rows.request(10, 5, 1000), rows.say("text", "So.")]
    for name in ("1795000000000", "backup"):
        TaskFolder(store, name).write(made)
    path = tmp_path / "ledger.db"
    with closing(open_ledger(path)) as db, monkeypatch.context() as older:
        older.setattr(spend, "join_keyless_calls", lambda _db: 0)
        take_in_cline(db, store)
        assert db.execute("SELECT SUM(calls) FROM spend").fetchone() == (2,)
    if is_gone:
        shutil.rmtree(store)
        store.mkdir()
    with before_migration(path, "m019_copies_without_a_key_and_checkpoints"):
        pass
    with closing(open_ledger(path)) as db:
        assert take_in_cline(db, store).new_calls == -1
        assert db.execute("SELECT SUM(calls) FROM spend").fetchone() == (1,)


def test_requests_of_two_windows_at_the_same_moment_are_two(
    ledger: sqlite3.Connection, tmp_path: Path, rows: Rows
) -> None:
    store = tmp_path / ".cline"
    for tokens in (10, 11):
        rows.at = START
        TaskFolder(store, str(START + tokens)).write([rows.say("task", "Do it"), rows.request(tokens, 5)])
    take_in_cline(ledger, store)
    assert len(counted(ledger)) == 2
