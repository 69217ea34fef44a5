"""The meter beside the last classic Cline command line: complete while it works, its nudge where the user sees it."""

import json
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hooks.advice import write_advice
from hooks.install.cline_files import Targets, classic_hooks_folder
from hooks.install.last_runs import last_runs
from hooks.spool_reader import ReaderLock
from store.advice_format import Nudge
from store.ledger import home, open_ledger
from store.records import CallFlag

from .cline_client import DUMMY_API_KEY, MODEL
from .cline_meter import billed_usage, install, wait_for_billed, wait_for_ledger, watching
from .messages_server import MessagesServer
from .npm_cache import UnavailableError, installed
from .script import Usage, use
from .waiting import wait_until
from .wire import START_OUTPUT_TOKENS
from .workspace import Workspace

PACKAGE, VERSION = "cline", "2.18.0"
NUDGE = "taximeter: compact now, saves about $1.20 (pays back in 6 turns)"
FAR_FUTURE_MS = 10**14
HELD_SECONDS = 3.0  # how long the model keeps its last answer back, so that one can look while Cline works


class ClassicCline:
    """One imaginary user of the classic command line, signed in to the server with a dummy key."""

    def __init__(self, root: Path, server_url: str) -> None:
        self.binary = installed(PACKAGE, VERSION) / ".bin" / "cline"
        if not os.access(self.binary, os.X_OK):
            raise UnavailableError(f"{PACKAGE}@{VERSION} brings no command for this platform")
        self.workspace = Workspace(root)
        self.folder = self.workspace.home / ".cline"
        data = self.folder / "data"
        data.mkdir(parents=True)
        state = {
            "anthropicBaseUrl": server_url,
            "welcomeViewCompleted": True,
            "telemetrySetting": "disabled",
            "mode": "act",
        }
        for mode in ("act", "plan"):
            state |= {f"{mode}ModeApiProvider": "anthropic", f"{mode}ModeApiModelId": MODEL}
        (data / "globalState.json").write_text(json.dumps(state))
        (data / "secrets.json").write_text(json.dumps({"apiKey": DUMMY_API_KEY}))

    def run_task(self, prompt: str) -> None:
        """Do one task with all tools allowed."""
        environment = {**self.workspace.environment(), "CLINE_NO_AUTO_UPDATE": "1", "IS_TEST": "true"}
        done = self.workspace.run([str(self.binary), "-y", "--json", prompt], environment=environment)
        assert done.exit_code == 0, done.stderr

    @property
    def tasks(self) -> list[str]:
        """Ids of all tasks."""
        return sorted(path.parent.name for path in (self.folder / "data" / "tasks").glob("*/ui_messages.json"))

    def chat(self) -> list[tuple[str, str]]:
        """Kind and text of every row that the user sees, in order."""
        paths = sorted((self.folder / "data" / "tasks").glob("*/ui_messages.json"))
        rows = [row for path in paths for row in json.loads(path.read_text())]
        return [(row.get("say") or row.get("ask"), row.get("text") or "") for row in rows]


@pytest.fixture
def classic(tmp_path: Path, server: MessagesServer, monkeypatch: pytest.MonkeyPatch) -> ClassicCline:
    """The classic command line in a home of its own, which is this process' home from now on."""
    made = ClassicCline(tmp_path / "classic", server.url)
    monkeypatch.setenv("HOME", str(made.workspace.home))
    return made


def as_the_client_counts(usage: Counter[Usage]) -> Counter[Usage]:
    """Usage with the output that a stream begins with counted twice (CLINE section 3)."""
    made: Counter[Usage] = Counter()
    for one, times in usage.items():
        output = one.output_tokens + START_OUTPUT_TOKENS
        made[Usage(one.input_tokens, one.cache_read_tokens, one.cache_write_5m_tokens, 0, output)] += times
    return made


def test_tasks_are_in_the_ledger_as_the_server_billed_them(classic: ClassicCline, server: MessagesServer) -> None:
    """Each request is there before the next is answered, and none changes once its task has ended."""
    read = use("read_file", {"path": str(classic.workspace.project / "README.md")})
    server.script("one", read, read, use("attempt_completion", {"result": "Read."}, delay_seconds=HELD_SECONDS))
    server.script("two", read, use("attempt_completion", {"result": "Read again."}, delay_seconds=HELD_SECONDS))
    db = open_ledger()
    with watching(classic.folder), ThreadPoolExecutor(1) as pool:
        for marker, requests in (("one", 3), ("two", 2)):
            billed = len(server.truth.billed) + requests
            task = pool.submit(classic.run_task, f"Do the task [[{marker}]]")
            wait_for_billed(server, billed - 1)
            wait_for_ledger(
                db, as_the_client_counts(billed_usage(server.truth.billed)), timeout_seconds=HELD_SECONDS - 0.5
            )
            assert not task.done(), "the task was over before the ledger was looked at: the test shows nothing"
            task.result()
            assert len(server.truth.billed) == billed
            wait_for_ledger(db, as_the_client_counts(billed_usage(server.truth.billed)))
    assert server.left_over() == {}
    flags = [row[0] for row in db.execute("SELECT flags FROM call")]
    assert all(flag & CallFlag.ESTIMATED for flag in flags)
    assert db.execute("SELECT COUNT(*) FROM call WHERE cost != reported_cost").fetchone() == (0,)
    assert db.execute("SELECT COUNT(DISTINCT session_id) FROM call").fetchone() == (2,)


def test_the_nudge_is_seen_by_the_user_and_not_by_the_model(classic: ClassicCline, server: MessagesServer) -> None:
    lock = ReaderLock(str(home()))
    assert lock.acquire()
    install(Targets((), classic_hooks_folder()))
    server.script("talk", use("attempt_completion", {"result": "Done."}, delay_seconds=HELD_SECONDS))
    with ThreadPoolExecutor(1) as pool:
        task = pool.submit(classic.run_task, "Do the task [[talk]]")
        wait_until(lambda: len(classic.tasks) == 1, timeout_seconds=20, facts=lambda: "no task")
        [task_id] = classic.tasks
        nudge: Nudge = {"id": "n1", "text": NUDGE, "kind": "compact", "expires_at": FAR_FUTURE_MS, "events": ["Stop"]}
        assert write_advice(str(home()), task_id, {"nudge": nudge})
        task.result()
    shown = [text for kind, text in classic.chat() if kind == "hook_output_stream"]
    assert sum(text.endswith(NUDGE) for text in shown) == 1, classic.chat()
    rows = [json.loads(text) for kind, text in classic.chat() if kind == "hook_status"]
    statuses = {row["hookName"]: row["status"] for row in rows}
    assert statuses["UserPromptSubmit"] == "completed"
    assert set(statuses.values()) <= {"completed", "running"}, "a busy client leaves before it has noted the last end"
    wait_until(
        lambda: last_runs(str(home())).keys() >= {"cline-UserPromptSubmit", "cline-TaskComplete"},
        timeout_seconds=20,
        facts=lambda: str(last_runs(str(home()))),
    )
    told = [json.loads(line) for line in (home() / "spool" / "events.jsonl").read_text().splitlines()]
    assert {line["session_id"] for line in told} == {task_id}
    assert server.truth.containing("taximeter:") == []
    lock.release()
