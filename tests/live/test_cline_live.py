"""The meter beside the real Cline command line: complete while it works, each request once, errors told apart."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hooks.install.cline import plan_cline_uninstall, uninstall_cline
from hooks.install.cline_files import Targets
from hooks.install.last_runs import last_runs
from hooks.spool_reader import ReaderLock
from store.invariants import check_invariants
from store.ledger import home, open_ledger
from tracker.rebuild import rebuild
from tracker.reports.refusals import RefusalKind, task_refusals
from tracker.reports.reported import task_reported

from .cline_client import ClineClient, ClineHome
from .cline_meter import billed_usage, install, ledger_usage, take_in, wait_for_billed, wait_for_ledger, watching
from .messages_server import MessagesServer
from .script import Failure, say, use
from .waiting import wait_until

HELD_SECONDS = 3.0  # how long the model keeps its last answer back, so that one can look while Cline works


@pytest.fixture
def where(cline_home: ClineHome) -> Targets:
    """This user's Cline."""
    return Targets((cline_home.folder,), None)


@pytest.fixture
def reader_at_work() -> None:
    """A reader of the spool, so that hooks start no ingest of their own; it lives as long as the state folder."""
    assert ReaderLock(str(home())).acquire()


def script_two_tasks(server: MessagesServer, project: Path) -> None:
    readme = str(project / "README.md")
    spawn = {"systemPrompt": "You look around.", "task": "List the files [[look]]"}
    server.script(
        "first",
        use("read_files", {"files": [{"path": readme}]}, text="Reading."),
        use("spawn_agent", spawn),
        use("run_commands", {"commands": ["touch made.txt"]}),
        say("The first task is done.", delay_seconds=HELD_SECONDS),
    )
    server.script("look", use("run_commands", {"commands": ["ls"]}), say("One file."))
    server.script("second", use("run_commands", {"commands": ["ls"]}), say("Done.", delay_seconds=HELD_SECONDS))


def test_the_ledger_is_complete_while_two_tasks_with_tools_and_a_subagent_run(
    cline_client: ClineClient, cline_home: ClineHome, server: MessagesServer, where: Targets, reader_at_work: None
) -> None:
    install(where)
    script_two_tasks(server, cline_home.project)
    db = open_ledger()
    with watching(cline_home.folder), ThreadPoolExecutor(1) as pool:
        for marker, requests in (("first", 6), ("second", 2)):
            wanted = len(server.truth.billed) + requests - 1
            task = pool.submit(cline_client.run_task, f"Do the task [[{marker}]]")
            wait_for_billed(server, wanted)
            wait_for_ledger(db, billed_usage(server.truth.billed), timeout_seconds=HELD_SECONDS - 0.5)
            assert not task.done(), "the task was over before the ledger was looked at: the test shows nothing"
            done = task.result()
            assert done.exit_code == 0, done.stderr
            wait_for_ledger(db, billed_usage(server.truth.billed))
    assert server.left_over() == {}
    assert len(server.truth.billed) == 8
    assert db.execute("SELECT COUNT(*) FROM call WHERE cost IS NULL OR cost != reported_cost").fetchone() == (0,)
    assert [one for one in check_invariants(db) if one.broken] == []

    rebuild(db)
    tasks = db.execute("SELECT id, status, evidence, calls, subagent_calls FROM task ORDER BY started_at").fetchall()
    assert [task[1:] for task in tasks] == [("completed", "completion", 6, 2), ("completed", "completion", 2, 0)]
    [reported] = task_reported(db, tasks[0][0])
    assert [sentence.rpartition(": ")[2] for sentence in reported.sentences] == ["it leaves out subagents"]
    assert server.truth.containing("taximeter.js") == []


def test_a_row_of_the_plugin_and_the_record_of_cline_are_one_call(
    cline_client: ClineClient, cline_home: ClineHome, server: MessagesServer, where: Targets, reader_at_work: None
) -> None:
    install(where)
    script_two_tasks(server, cline_home.project)
    assert cline_client.run_task("Do the task [[first]]").exit_code == 0
    billed = billed_usage(server.truth.billed)
    assert take_in(cline_home.folder, records=False) == 6
    db = open_ledger()
    assert ledger_usage(db) == billed
    assert take_in(cline_home.folder, rows=False) == 0
    assert ledger_usage(db) == billed
    owners = db.execute(
        "SELECT COUNT(DISTINCT call.session_id), COUNT(DISTINCT chain.key), SUM(turn IS NULL), SUM(copy_rank)"
        " FROM call JOIN chain ON chain.id = call.chain_id"
    ).fetchone()
    assert owners == (1, 2, 0, 0)


def test_without_a_watcher_the_hook_brings_the_ledger_up_to_date(
    cline_client: ClineClient, cline_home: ClineHome, server: MessagesServer, where: Targets
) -> None:
    install(where)
    server.script("hooked", use("run_commands", {"commands": ["ls"]}), say("Done."))
    assert cline_client.run_task("Do the task [[hooked]]").exit_code == 0
    wait_until(lambda: "cline-TaskComplete" in last_runs(str(home())), timeout_seconds=20, facts=lambda: "no hook")
    wait_for_ledger(open_ledger(), billed_usage(server.truth.billed), timeout_seconds=20)
    # The ingest lives on for a moment: it has to be gone before its state folder is.
    lock = ReaderLock(str(home()))
    assert lock.acquire(wait_seconds=20)
    lock.release()


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (Failure(402, "invalid_request_error", "Insufficient credits"), RefusalKind.CREDIT),
        (Failure(403, "permission_error", "Key limit exceeded (total limit)"), RefusalKind.KEY_LIMIT),
        (Failure(403, "permission_error", "Your chosen model requires moderation"), RefusalKind.REFUSED),
    ],
    ids=["402", "key limit", "403"],
)
def test_a_refused_request_is_named_on_the_session_in_which_it_happened(
    failure: Failure,
    kind: str,
    cline_client: ClineClient,
    cline_home: ClineHome,
    server: MessagesServer,
    where: Targets,
    reader_at_work: None,
) -> None:
    install(where)
    server.script("refused", use("run_commands", {"commands": ["ls"]}), *[failure] * 8)
    cline_client.run_task("Do the task [[refused]]")
    take_in(cline_home.folder)
    db = open_ledger()
    assert ledger_usage(db) == billed_usage(server.truth.billed)
    rebuild(db)
    [(task_id,)] = db.execute("SELECT id FROM task")
    assert [one.kind for one in task_refusals(db, task_id)] == [kind]
    events = home() / "spool" / "events.jsonl"
    wait_until(
        lambda: events.exists() and "TaskError" in events.read_text(), timeout_seconds=20, facts=lambda: "no hook"
    )
    told = [json.loads(line) for line in events.read_text().splitlines()]
    sessions = {path.parent.name for path in cline_home.transcripts}
    assert {line["session_id"] for line in told} == sessions


def test_after_uninstalling_cline_runs_as_before(
    cline_client: ClineClient, cline_home: ClineHome, server: MessagesServer, where: Targets
) -> None:
    before = sorted(path for path in cline_home.folder.rglob("*"))
    install(where)
    plan = plan_cline_uninstall(where, home())
    uninstall_cline(plan, where, home())
    assert sorted(path for path in cline_home.folder.rglob("*")) == before
    assert cline_client.run_task("Do the task [[bare]]").exit_code == 0
    assert last_runs(str(home())) == {}
    assert take_in(cline_home.folder, records=False) == 0
