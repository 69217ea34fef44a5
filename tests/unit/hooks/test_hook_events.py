"""What a hook prints, notes and returns, for every event that the client sends and for what it never should."""

import json
import os
import pty
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from hooks.advice import shown_nudges, write_advice
from hooks.entry import MESSAGE_EVENTS
from hooks.install.commands import EVENTS as INSTALLED_EVENTS
from store.advice_format import Block, Nudge
from tests.unit.hooks.program import (
    EVENTS,
    FAR_FUTURE_MS,
    LAUNCHER,
    NUDGE_TEXT,
    environment,
    payload_of,
    run,
    run_hook,
    spool_lines,
)


def nudge(nudge_id: str = "n1", **changes: Any) -> Nudge:
    return {"id": nudge_id, "text": NUDGE_TEXT, "kind": "compact", "expires_at": FAR_FUTURE_MS, **changes}  # type: ignore[typeddict-item]


def name_of(sample: dict[str, Any]) -> str:
    return "-".join([sample["hook_event_name"], *(str(sample[key]) for key in ("source", "reason") if key in sample)])


@pytest.mark.parametrize("sample", EVENTS, ids=name_of)
def test_an_event_says_at_most_one_thing_and_is_noted_without_its_text(sample: dict[str, Any], home: Path) -> None:
    write_advice(str(home), sample["session_id"], {"nudge": nudge()})
    done = run_hook(sample, home)
    assert (done.returncode, done.stderr) == (0, b"")
    if sample["hook_event_name"] in MESSAGE_EVENTS and sample.get("source") != "compact":
        assert json.loads(done.stdout) == {"systemMessage": NUDGE_TEXT}
        assert done.stdout.count(b"\n") == 1
    else:
        assert done.stdout == b""
    [line] = [line for line in spool_lines(home) if line["event"] != "NudgeShown"]
    assert line["event"] == sample["hook_event_name"]
    assert abs(line["at"] - time.time() * 1000) < 60_000
    identity = ("session_id", "transcript_path", "source")
    for key in identity:
        assert line.get(key) == sample.get(key)
    assert set(line) <= {"event", "at", *identity}


@pytest.mark.parametrize("event", [event for event in INSTALLED_EVENTS if event != "SessionEnd"])
@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"17",
        b'"text"',
        b"\xff\xfe\x00{",
        b'{"session_id": 5, "transcript_path": {}, "agent_id": []}',
        b'{"session_id": "../../etc/passwd"}',
        b'{"session_id": "' + b"a" * 100_000 + b'"}',
        b"[" * 200_000,
        b'{"a": NaN, "session_id": "x"} trailing',
    ],
    ids=["nothing", "cut", "list", "null", "number", "text", "bytes", "types", "escape", "long", "deep", "trailing"],
)
def test_any_payload_ends_with_0_and_no_output(event: str, payload: bytes, home: Path) -> None:
    done = run(["hook", event], payload, home)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_huge_payload_is_read_to_its_end_and_never_copied(home: Path) -> None:
    sample = payload_of("PostToolUse", tool_response="x" * (20 << 20))
    done = run(["hook", "PostToolUse"], sample, home, variables={"CLAUDE_CODE_SESSION_ID": sample["session_id"]})
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    [line] = spool_lines(home)
    assert line["session_id"] == sample["session_id"]
    assert (home / "spool" / "events.jsonl").stat().st_size < 4096


@pytest.mark.parametrize(
    "payload",
    [
        b'{"session_id":"s1","tool_input":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"session_id":"s1","tool_input":{"command"',
        '{"session_id":"s1"}'.encode("utf-16-le"),
    ],
    ids=["deep", "cut", "utf-16"],
)
def test_a_payload_that_cannot_be_read_is_still_its_sessions(payload: bytes, home: Path) -> None:
    done = run(["hook", "PreCompact"], payload, home, variables={"CLAUDE_CODE_SESSION_ID": "s1"})
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    [line] = spool_lines(home)
    assert line["session_id"] == "s1"
    assert not (home / "logs" / "hook.log").exists()


def test_a_state_folder_that_is_not_there_is_made_for_this_user_only(tmp_path: Path) -> None:
    place = tmp_path / "a" / "b"
    assert run_hook(payload_of("PreCompact"), place).returncode == 0
    assert len(spool_lines(place)) == 1
    assert place.stat().st_mode & 0o777 == 0o700
    assert (place / "spool" / "events.jsonl").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("event", ["Stop", "PreCompact", "SessionEnd"])
def test_a_state_folder_that_cannot_be_written_changes_nothing_for_the_agent(event: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = run_hook(payload_of(event), tmp_path / "file" / "state")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_state_folder_changes_nothing_for_the_agent(tmp_path: Path) -> None:
    place = tmp_path / "state"
    place.mkdir(mode=0o500)
    done = run_hook(payload_of("Stop"), place)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_an_error_is_one_line_in_the_log_without_the_payload(home: Path) -> None:
    (home / "advice").write_text("a file where a folder should be")
    (home / "spool" / "events.jsonl").mkdir()
    assert run_hook(payload_of("UserPromptSubmit", prompt="a secret prompt"), home).returncode == 0
    [line] = (home / "logs" / "hook.log").read_text().splitlines()
    assert "UserPromptSubmit IsADirectoryError spool.py:" in line
    assert "secret" not in line


def test_the_log_does_not_grow_without_end(home: Path) -> None:
    from hooks.health import MAX_LOG_BYTES, log_line

    for _ in range(1000):
        log_line(str(home), "x" * 400)
    assert sum(path.stat().st_size for path in (home / "logs").iterdir()) < 2 * MAX_LOG_BYTES + 1000


def test_a_person_at_a_terminal_is_not_left_waiting(home: Path) -> None:
    leader, follower = pty.openpty()
    try:
        command = [sys.executable, "-I", "-S", str(LAUNCHER), "hook", "PreCompact"]
        done = subprocess.run(
            command, stdin=follower, capture_output=True, env=environment(home), timeout=20, check=False
        )
    finally:
        os.close(leader)
        os.close(follower)
    assert (done.returncode, done.stdout) == (0, b"")


def test_a_folder_deleted_under_the_hook_does_not_stop_it(home: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    hook = shlex.join([sys.executable, "-I", "-S", str(LAUNCHER), "hook", "PreCompact"])
    command = f"rmdir {shlex.quote(str(gone))} && exec {hook}"
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=gone, input=b"{}", capture_output=True, env=environment(home), check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert len(spool_lines(home)) == 1


def test_each_run_is_remembered_with_its_duration(home: Path) -> None:
    from hooks.install.last_runs import last_runs

    run_hook(payload_of("Stop"), home)
    at, took_ms = last_runs(str(home))["Stop"]
    assert abs(at - time.time() * 1000) < 60_000
    assert 0.5 < took_ms < 5000


# -- nudges and blocks -----------------------------------------------------------------------------------------------


def test_a_nudge_is_shown_once_and_its_showing_is_noted(home: Path) -> None:
    stop = payload_of("Stop")
    write_advice(str(home), stop["session_id"], {"nudge": nudge()})
    assert NUDGE_TEXT.encode() in run_hook(stop, home).stdout
    assert run_hook(stop, home).stdout == b""
    assert run_hook(payload_of("UserPromptSubmit", session_id=stop["session_id"]), home).stdout == b""
    assert [line.get("nudge_id") for line in spool_lines(home) if line["event"] == "NudgeShown"] == ["n1"]
    assert list(shown_nudges(str(home), stop["session_id"])) == ["n1"]
    write_advice(str(home), stop["session_id"], {"nudge": nudge("n2")})
    assert NUDGE_TEXT.encode() in run_hook(stop, home).stdout


def test_of_many_hooks_at_once_one_shows_the_nudge(home: Path) -> None:
    stop = payload_of("Stop")
    write_advice(str(home), stop["session_id"], {"nudge": nudge()})
    command = [sys.executable, "-I", "-S", str(LAUNCHER), "hook", "Stop"]
    runs = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(home))
        for _ in range(12)
    ]
    printed = [one.communicate(json.dumps(stop).encode())[0] for one in runs]
    assert sum(NUDGE_TEXT.encode() in text for text in printed) == 1
    assert sum(text == b"" for text in printed) == 11


@pytest.mark.parametrize(
    "changes",
    [
        {"expires_at": 1},
        {"not_before": FAR_FUTURE_MS - 1},
        {"events": ["SessionStart"]},
        {"text": 5},
        {"id": "../n1"},
        {"id": ""},
        {"expires_at": "soon"},
    ],
    ids=["expired", "not yet", "another event", "no text", "no name", "no id", "no time"],
)
def test_a_nudge_that_is_not_due_is_not_shown(changes: dict[str, Any], home: Path) -> None:
    stop = payload_of("Stop")
    write_advice(str(home), stop["session_id"], {"nudge": nudge(**changes)})
    assert run_hook(stop, home).stdout == b""


def test_a_pending_nudge_waits_for_its_event(home: Path) -> None:
    session = payload_of("Stop")["session_id"]
    later = nudge("cold", text="the cache is cold", events=["UserPromptSubmit"])
    write_advice(str(home), session, {"nudge": None, "pending": [later]})
    assert run_hook(payload_of("Stop"), home).stdout == b""
    prompt = payload_of("UserPromptSubmit", session_id=session)
    assert json.loads(run_hook(prompt, home).stdout) == {"systemMessage": "the cache is cold"}


def test_advice_of_one_session_is_not_told_in_another(home: Path) -> None:
    write_advice(str(home), "another-session", {"nudge": nudge(), "block": {"reason": "no"}})
    assert run_hook(payload_of("UserPromptSubmit"), home).stdout == b""


def test_no_nudge_is_shown_inside_a_subagent(home: Path) -> None:
    stop = payload_of("Stop", agent_id="a1")
    write_advice(str(home), stop["session_id"], {"nudge": nudge()})
    assert run_hook(stop, home).stdout == b""


def test_a_hard_stop_blocks_prompts_and_nothing_else(home: Path) -> None:
    session = payload_of("Stop")["session_id"]
    write_advice(str(home), session, {"block": {"reason": "the day's budget of $5 is used up"}})
    prompt = payload_of("UserPromptSubmit", session_id=session)
    for _ in range(2):
        assert json.loads(run_hook(prompt, home).stdout) == {
            "decision": "block",
            "reason": "the day's budget of $5 is used up",
        }
    assert run_hook(payload_of("Stop"), home).stdout == b""


@pytest.mark.parametrize(
    ("settings", "is_held"),
    [
        ("[budget]\ntask = 2.5\nhard_stop = true\n", True),
        ("[budget]\ntask = 'much'\nhard_stop = true\n", True),
        ("[budget\n", True),
        ("[budget]\ntask = 2.51\nhard_stop = true\n", False),
        ("[budget]\nday = 1\nhard_stop = true\n", False),
        ("[budget]\ntask = 1\n", False),
        ("", False),
        (None, False),
    ],
)
def test_a_hard_stop_is_over_as_soon_as_the_settings_have_room(settings: str | None, is_held: bool, home: Path) -> None:
    prompt = payload_of("UserPromptSubmit")
    block: Block = {"reason": "used up", "budget": "task", "spent_nano": 2_500_000_000}
    write_advice(str(home), prompt["session_id"], {"block": block})
    if settings is not None:
        (home / "settings.toml").write_text(settings)
    assert (b"used up" in run_hook(prompt, home).stdout) is is_held


@pytest.mark.parametrize("block", [None, {"reason": "x", "expires_at": 5}, {"reason": None}, "no", {}])
def test_a_block_that_is_over_or_broken_blocks_nothing(block: Any, home: Path) -> None:
    prompt = payload_of("UserPromptSubmit")
    write_advice(str(home), prompt["session_id"], {"block": block})
    assert run_hook(prompt, home).stdout == b""


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff", b'{"nudge": 5, "pending": {}, "block": []}'])
def test_broken_advice_is_no_advice(content: bytes, home: Path) -> None:
    stop = payload_of("Stop")
    (home / "advice").mkdir()
    (home / "advice" / f"{stop['session_id']}.json").write_bytes(content)
    done = run_hook(stop, home)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_the_environment_names_the_state_folder_before_the_recorded_one(home: Path, tmp_path: Path) -> None:
    run(["hook", "PreCompact", "--home", str(tmp_path / "recorded")], {}, home)
    assert len(spool_lines(home)) == 1
    assert not (tmp_path / "recorded").exists()
    run(["hook", "PreCompact", "--home", str(tmp_path / "recorded")], {}, "")
    assert len(spool_lines(tmp_path / "recorded")) == 1
