"""What the hooks of both generations do with the payloads that Cline sends (CLINE sections 5.1, 5.2 and 9)."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from hooks.advice import write_advice
from hooks.cline.entry import NO_DECISION
from hooks.health import LOG_NAME
from hooks.install.cline_files import run_script
from hooks.install.commands import Program
from hooks.install.last_runs import last_runs
from hooks.spool_reader import drained
from store.advice_format import Nudge
from tests.unit.hooks.program import spool_lines
from tests.unit.hooks_cline.conftest import RunHook

TASK = "1795226635333"
SESSION = "1795226170991_cisvi"
FAR_FUTURE_MS = 10**14
CLASSIC = {
    "clineVersion": "3.82.0",
    "timestamp": "1795226649320",
    "taskId": TASK,
    "workspaceRoots": ["/home/dev/work"],
    "model": {"provider": "anthropic", "slug": "claude-sonnet-4-5-20250929"},
    "userPromptSubmit": {"prompt": "a secret prompt"},
    "taskComplete": {"taskMetadata": {"taskId": TASK, "result": "a secret result", "command": ""}},
}
SDK = {
    "clineVersion": "",
    "taskId": "conv_1795226171563_qadkqf6",
    "sessionContext": {"rootSessionId": SESSION},
    "workspaceRoots": ["/home/dev/work"],
    "agent_id": "agent_1795226171360_9m6ebd",
    "parent_agent_id": None,
    "turn": {"outputText": "a secret result", "status": "completed"},
}
NEW_EXTENSION = {"taskId": "conv_1795226171563_qadkqf6", "workspaceRoots": ["/home/dev/work"]}


def nudge(identity: str = "n1", text: str = "taximeter: compact now", events: list[str] | None = None) -> Nudge:
    made: Nudge = {"id": identity, "text": text, "kind": "compact", "expires_at": FAR_FUTURE_MS}
    return made if events is None else {**made, "events": events}


def advise(home: Path, *nudges: Nudge, session: str = TASK) -> None:
    assert write_advice(str(home), session, {"nudge": nudges[0], "pending": list(nudges[1:])})


@pytest.mark.parametrize(
    ("payload", "session"), [(CLASSIC, TASK), (SDK, SESSION), (NEW_EXTENSION, None)], ids=["classic", "sdk", "new"]
)
def test_an_event_leaves_one_line_that_says_where_to_look(
    payload: dict[str, Any], session: str | None, home: Path, run_hook: RunHook
) -> None:
    assert run_hook("TaskComplete", payload).returncode == 0
    [line] = spool_lines(home)
    assert isinstance(line.pop("at"), int)
    expected = {"event": "TaskComplete", "agent": "cline"}
    assert line == (expected if session is None else {**expected, "session_id": session})
    with drained(str(home)) as taken:
        assert [(event.event, event.session_id) for event in taken.events] == [("TaskComplete", session)]
        assert taken.bad_lines == 0


def test_no_word_of_the_conversation_is_kept(home: Path, run_hook: RunHook) -> None:
    for payload in (CLASSIC, SDK):
        run_hook("TaskComplete", payload)
    kept = [path.read_bytes() for path in home.rglob("*") if path.is_file()]
    assert not [content for content in kept if b"secret" in content]


@pytest.mark.parametrize("event", ["TaskComplete", "UserPromptSubmit", "TaskResume"])
def test_a_classic_task_shows_its_nudge_once_and_decides_nothing(event: str, home: Path, run_hook: RunHook) -> None:
    advise(home, nudge())
    shown = run_hook(event, CLASSIC)
    assert (shown.stdout, shown.stderr) == (NO_DECISION + "\n", "taximeter: compact now\n")
    assert [line["nudge_id"] for line in spool_lines(home) if line["event"] == "NudgeShown"] == ["n1"]
    again = run_hook(event, CLASSIC)
    assert (again.stdout, again.stderr) == (NO_DECISION + "\n", "")


def test_a_nudge_waits_for_its_moment(home: Path, run_hook: RunHook) -> None:
    advise(home, nudge("a", events=["Stop"]), nudge("b", text="two\nlines", events=["UserPromptSubmit"]))
    assert run_hook("TaskCancel", CLASSIC).stderr == ""
    assert run_hook("UserPromptSubmit", CLASSIC).stderr == "two lines\n"
    assert run_hook("TaskComplete", CLASSIC).stderr == "taximeter: compact now\n"


def test_a_budgets_block_cancels_nothing(home: Path, run_hook: RunHook) -> None:
    write_advice(str(home), TASK, {"block": {"reason": "the budget of today is used up"}})
    done = run_hook("UserPromptSubmit", CLASSIC)
    assert (done.returncode, done.stdout, done.stderr) == (0, NO_DECISION + "\n", "")


@pytest.mark.parametrize("payload", [SDK, NEW_EXTENSION], ids=["sdk", "new"])
def test_where_cline_shows_nothing_nothing_is_printed(payload: dict[str, Any], home: Path, run_hook: RunHook) -> None:
    advise(home, nudge(), session=SESSION)
    done = run_hook("TaskComplete", payload)
    assert (done.stdout, done.stderr) == ("", "")
    assert "NudgeShown" not in [line["event"] for line in spool_lines(home)]


def test_a_continued_classic_task_is_of_the_new_generation(home: Path, run_hook: RunHook) -> None:
    advise(home, nudge())
    done = run_hook("TaskComplete", {**SDK, "sessionContext": {"rootSessionId": TASK}})
    assert (done.stdout, done.stderr) == ("", "")
    assert [line["session_id"] for line in spool_lines(home)] == [TASK]


@pytest.mark.parametrize(
    "payload",
    [b"", b"not json", b"[]", b"null", b"\xff", b'{"taskId": 7, "sessionContext": []}', b'{"workspaceRoots": [null]}'],
)
def test_an_odd_payload_does_no_harm(payload: bytes, home: Path, run_hook: RunHook) -> None:
    done = run_hook("TaskComplete", payload)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [line["event"] for line in spool_lines(home)] == ["TaskComplete"]


def test_an_error_is_logged_and_the_task_continues(home: Path, run_hook: RunHook) -> None:
    spool = home / "spool"
    for path in spool.iterdir():
        path.unlink()
    spool.rmdir()
    spool.write_text("no folder")
    done = run_hook("TaskComplete", CLASSIC)
    assert (done.returncode, done.stdout, done.stderr) == (0, NO_DECISION + "\n", "")
    assert "cline-TaskComplete" in (home / "logs" / LOG_NAME).read_text()


def test_a_hook_notes_when_it_ran(home: Path, run_hook: RunHook) -> None:
    run_hook("TaskComplete", CLASSIC)
    run_hook("../TaskComplete", CLASSIC)
    assert set(last_runs(str(home))) == {"cline-TaskComplete"}


def test_a_hook_imports_nothing_slow(program: Program) -> None:
    done = subprocess.run(
        [
            program.python,
            "-I",
            "-S",
            "-X",
            "importtime",
            str(run_script(program)),
            "TaskComplete",
            "--home",
            program.home,
        ],
        input=b"{}",
        capture_output=True,
        check=True,
        timeout=60,
    )
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.decode().splitlines()}
    assert "hooks.cline.entry" in loaded
    assert not loaded & {"typing", "json", "msgspec", "subprocess", "pathlib", "click", "store.ledger", "hooks.ingest"}
