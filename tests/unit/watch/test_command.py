"""`taximeter watch` as a process: a line a call, a line a nudge, fresh advice, the spool read, a clean end."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hooks.background import reader_is_running
from hooks.spool import append
from hooks.spool_reader import drained, is_empty
from store.ledger import home, open_ledger
from store.meta import meta_value
from store.reads.calls import calls_after
from tests.unit.advisor.transcripts import Transcript
from tests.unit.sources.cline.writing import Rows, TaskFolder
from tracker.cli import watch

LAUNCHER = Path(__file__).parents[3] / "taximeter.py"


class Command:
    """A running `watch` with what it printed."""

    def __init__(self, claude_dir: Path | None, *words: str, **environment: str) -> None:
        self.lines: list[str] = []
        folder = ["--claude-dir", str(claude_dir)] if claude_dir else []
        self.process = subprocess.Popen(
            [sys.executable, "-I", str(LAUNCHER), "watch", *folder, *words],
            env={**os.environ, "TAXIMETER_HOME": str(home()), **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def wait_for(self, found: Callable[[list[str]], bool]) -> None:
        """Wait until the lines are as wanted; less than the half minute after which everything is looked at."""
        end = time.monotonic() + 25
        while not found(self.lines):
            assert time.monotonic() < end, self.lines
            assert self.process.poll() is None, self.lines
            time.sleep(0.02)

    def wait_for_a_look(self) -> None:
        """Wait until it has looked once, and prints what is written from now on: with --json it does not say so."""
        with closing(open_ledger()) as db:
            self.wait_for(lambda _: meta_value(db, "boundary_fit") is not None)

    def end(self) -> int:
        """Stop it as a service manager would; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.close()

    def close(self) -> int:
        """Wait for its end; returns the exit code."""
        code = self.process.wait(timeout=20)
        self._thread.join(timeout=5)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@pytest.fixture
def started(claude_dir: Path) -> Iterator[list[Command]]:
    """Commands to end with the test."""
    commands: list[Command] = []
    yield commands
    for one in commands:
        if one.process.poll() is None:
            one.process.kill()
            one.close()


def session(claude_dir: Path) -> Transcript:
    return Transcript(claude_dir, start_ms=int(time.time() * 1000) - 200_000)


def test_calls_and_nudges_are_printed_and_advice_is_fresh(claude_dir: Path, started: list[Command]) -> None:
    command = Command(claude_dir)
    started.append(command)
    command.wait_for(lambda lines: lines == ["watching 1 folder; Ctrl-C ends it"])
    one = session(claude_dir)
    one.prompt("go").tool_turns(list(range(30_000, 113_000, 7_000)))
    command.wait_for(lambda lines: "▸ Compact now if you go on, 107k of context: " in lines[-1])
    assert sum("  opus-4-5-20251101" in line for line in command.lines) == 12
    advice = json.loads((home() / "advice" / f"{one.session}.json").read_text())
    assert command.lines[-1].endswith(advice["nudge"]["text"])
    assert advice["nudge"]["events"] == ["Stop", "UserPromptSubmit", "SessionStart"]
    one.prompt("thanks").call(108_000)
    command.wait_for(lambda lines: "ctx   108k" in lines[-1])
    assert sum("▸" in line for line in command.lines) == 1
    assert command.end() == 0
    [row] = open_ledger().execute("SELECT shown_at IS NOT NULL FROM nudge WHERE chosen").fetchall()
    assert row == (1,), "whoever reads the watcher was told"


def test_a_calls_line_has_its_task_and_what_it_found_in_the_cache(
    claude_dir: Path, started: list[Command], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that reads all there was is warm, however much it adds."""
    command = Command(claude_dir)
    started.append(command)
    command.wait_for(lambda lines: len(lines) == 1)
    session(claude_dir).prompt("mend [the] upload").call(20_000).call(45_000).call(46_000, read=0)
    command.wait_for(lambda lines: len(lines) == 4)
    assert command.end() == 0
    [task] = open_ledger().execute("SELECT substr(id, 1, 5) FROM task").fetchone()
    named = f"  {task} mend [the] upload"
    assert all(line.endswith(named) for line in command.lines[1:])
    assert [line.removesuffix(named)[-7:] for line in command.lines[1:]] == ["cold 5m", "warm 5m", "cold 5m"]
    for columns, last in ((80, f"  {task}"), (100, named), (112, f"  {task}"), (130, named)):
        monkeypatch.setattr(watch, "terminal_width", lambda columns=columns: columns)
        for row in calls_after(open_ledger(), 0):
            line = watch.call_line(row, named.strip())
            assert line.endswith(last)
            assert len(line) <= columns


def test_a_sessions_first_call_is_warm_if_most_of_it_was_cached_by_others(
    claude_dir: Path, started: list[Command]
) -> None:
    command = Command(claude_dir)
    started.append(command)
    command.wait_for(lambda lines: len(lines) == 1)
    session(claude_dir).prompt("go").call(20_000, read=18_000)
    command.wait_for(lambda lines: len(lines) == 2)
    assert command.end() == 0
    assert "  warm 5m" in command.lines[1]


@pytest.mark.parametrize("words", [(), ("--poll",)])
def test_an_agents_first_session_ever(tmp_path: Path, started: list[Command], words: tuple[str, ...]) -> None:
    """Its folder comes into being with it; hooks count on the watcher, which has taken on their spool."""
    command = Command(None, *words, HOME=str(tmp_path))
    started.append(command)
    command.wait_for(lambda lines: lines == ["no agent's folder here yet: waiting for one; Ctrl-C ends it"])
    one = session(tmp_path / ".claude").prompt("go").call(30_000)
    command.wait_for(lambda lines: len(lines) == 2)
    one.prompt("and on").call(31_000)
    command.wait_for(lambda lines: len(lines) == 3)  # the new folder is watched
    assert command.end() == 0


def test_a_setting_changed_meanwhile_counts_from_the_next_prompt_on(claude_dir: Path, started: list[Command]) -> None:
    command = Command(claude_dir)
    started.append(command)
    command.wait_for(lambda lines: len(lines) == 1)
    one = session(claude_dir).prompt("kept").call(30_000)
    command.wait_for(lambda lines: len(lines) == 2)
    (home() / "settings.toml").write_text("[privacy]\nprompt_chars = 0\n")
    one.prompt("not kept").call(31_000)
    command.wait_for(lambda lines: len(lines) == 3)
    assert command.end() == 0
    assert open_ledger().execute("SELECT text FROM turn ORDER BY position").fetchall() == [("kept",), ("",)]


def test_json_lines_for_programs(claude_dir: Path, started: list[Command]) -> None:
    command = Command(claude_dir, "--json")
    started.append(command)
    command.wait_for_a_look()
    session(claude_dir).prompt("go").tool_turns(list(range(30_000, 113_000, 7_000)))
    command.wait_for(lambda lines: any('"nudge"' in line for line in lines))
    rows: list[dict[str, Any]] = [json.loads(line) for line in command.lines]
    assert [row["nudge"] for row in rows if "nudge" in row] == ["compact"]
    assert sum("cost_usd" in row for row in rows) == 12
    assert command.end() == 0


def test_the_watcher_reads_the_spool_and_hooks_leave_the_work_to_it(tmp_path: Path, started: list[Command]) -> None:
    command = Command(None, HOME=str(tmp_path))
    started.append(command)
    one = session(tmp_path / ".claude")
    one.prompt("go").tool_turns(list(range(30_000, 113_000, 7_000)))
    command.wait_for(lambda lines: "▸" in "".join(lines))
    state = str(home())
    assert reader_is_running(state)
    noted = "SELECT token FROM nudge WHERE chosen AND shown_at IS NOT NULL"
    command.wait_for(lambda _: open_ledger().execute(noted).fetchone() is not None)
    [token] = open_ledger().execute(noted).fetchone()
    open_ledger().execute("UPDATE nudge SET shown_at = NULL")
    append(state, {"event": "NudgeShown", "at": 1_795_000_000_123, "session_id": one.session, "nudge_id": token})
    command.wait_for(lambda _: is_empty(state))
    command.wait_for(
        lambda _: open_ledger().execute("SELECT shown_at FROM nudge WHERE chosen").fetchone() == (1_795_000_000_123,)
    )
    assert command.end() == 0
    assert not reader_is_running(state)


def test_a_folder_that_only_hooks_know_is_followed_too(tmp_path: Path, started: list[Command]) -> None:
    """A second account's client runs under `CLAUDE_CONFIG_DIR`; its hooks leave the work to the watcher."""
    (tmp_path / ".claude" / "projects").mkdir(parents=True)
    command = Command(None, HOME=str(tmp_path))
    started.append(command)
    command.wait_for(lambda lines: lines == ["watching 1 folder; Ctrl-C ends it"])
    one = session(tmp_path / "second")
    append(str(home()), {"event": "SessionStart", "at": 1, "session_id": one.session, "transcript_path": str(one.path)})
    one.prompt("go").call(30_000)
    command.wait_for(lambda lines: len(lines) == 2)
    one.prompt("and on").call(31_000)
    command.wait_for(lambda lines: len(lines) == 3)  # it is watched
    assert command.end() == 0


def test_what_advice_waits_for_is_said_once_and_not_at_every_look(tmp_path: Path, started: list[Command]) -> None:
    lock = home() / "spool" / "reader.lock"
    lock.mkdir(parents=True)
    command = Command(None, HOME=str(tmp_path))
    started.append(command)
    command.wait_for(bool)
    transcript = session(tmp_path / ".claude").prompt("go")
    for calls in range(1, 4):
        transcript.tool_turns([30_000 + 1_000 * calls])
        command.wait_for(lambda lines, calls=calls: sum("  opus-4-5" in line for line in lines) == calls)
    assert sum("advice is delayed" in line for line in command.lines) == 1
    lock.rmdir()
    transcript.tool_turns([40_000])
    command.wait_for(lambda _: reader_is_running(str(home())))
    assert command.end() == 0


def test_hooks_do_their_own_work_beside_a_watcher_of_named_folders(claude_dir: Path, started: list[Command]) -> None:
    """What they tell of may lie elsewhere, and nobody else would read it."""
    command = Command(claude_dir)
    started.append(command)
    command.wait_for(bool)
    session(claude_dir).prompt("go").call(30_000)
    command.wait_for(lambda lines: len(lines) == 2)
    assert not reader_is_running(str(home()))
    append(str(home()), {"event": "Stop", "at": 1})
    session(claude_dir).prompt("go").call(30_000)
    command.wait_for(lambda lines: len(lines) == 3)
    assert not is_empty(str(home()))
    assert command.end() == 0


def test_nohup_keeps_it_when_the_terminal_goes(claude_dir: Path, started: list[Command]) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        command = Command(claude_dir)
    finally:
        signal.signal(signal.SIGHUP, before)
    started.append(command)
    command.wait_for(bool)
    command.process.send_signal(signal.SIGHUP)
    session(claude_dir).prompt("go").call(30_000)
    command.wait_for(lambda lines: "  opus-4-5" in lines[-1])
    assert command.end() == 0


def test_two_watchers_share_the_work(claude_dir: Path, started: list[Command]) -> None:
    commands = [Command(claude_dir), Command(claude_dir)]
    started.extend(commands)
    for command in commands:
        command.wait_for(bool)
    session(claude_dir).prompt("go").tool_turns(list(range(30_000, 113_000, 7_000)))
    for command in commands:
        command.wait_for(lambda lines: "▸ Compact now" in lines[-1])
        assert sum("  opus-4-5-20251101" in line for line in command.lines) == 12
    assert open_ledger().execute("SELECT COUNT(*) FROM nudge WHERE chosen").fetchone() == (1,)
    assert [command.end() for command in commands] == [0, 0]


def test_a_notice_on_the_desktop_if_the_user_wants_one(
    claude_dir: Path, started: list[Command], tmp_path: Path
) -> None:
    told = tmp_path / "told"
    program = tmp_path / "bin" / "notify-send"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {told}\n')
    program.chmod(0o755)
    home().mkdir(parents=True)
    (home() / "settings.toml").write_text("[nudges]\ndesktop = true\n")
    command = Command(claude_dir, PATH=f"{program.parent}:{os.environ['PATH']}")
    started.append(command)
    command.wait_for(bool)
    session(claude_dir).prompt("go").tool_turns(list(range(30_000, 113_000, 7_000)))
    command.wait_for(lambda _: told.exists() and told.read_text().count("\n") == 5)
    assert told.read_text().splitlines()[2:4] == ["--", "Taximeter"]
    assert told.read_text().splitlines()[4].startswith("go: Compact now if you go on, 107k of context: ")


def test_a_ledger_that_another_took_the_place_of_is_not_written_any_more(
    claude_dir: Path, started: list[Command]
) -> None:
    command = Command(claude_dir)
    started.append(command)
    command.wait_for(lambda lines: lines == ["watching 1 folder; Ctrl-C ends it"])
    session(claude_dir).prompt("go").call(30_000)
    command.wait_for(lambda lines: len(lines) == 2)
    time.sleep(0.5)  # nothing is under way
    open_ledger(home() / "another.db").close()
    (home() / "another.db").replace(home() / "ledger.db")
    append(str(home()), {"event": "Stop", "at": 1, "session_id": "of-the-other"})
    assert command.close() == 1
    assert "was removed or replaced" in command.lines[-1]
    with drained(str(home())) as left:
        assert [event.session_id for event in left.events] == ["of-the-other"]


def test_a_call_is_printed_once_its_answer_has_ended(tmp_path: Path, started: list[Command]) -> None:
    """Cline's classic store has each request with the first tokens of its answer, long before the rest."""
    task, rows = TaskFolder(tmp_path / ".cline", str(int(time.time() * 1000))), Rows(int(time.time() * 1000))
    command = Command(None, "--cline-dir", str(task.root), "--json")
    started.append(command)
    command.wait_for_a_look()
    begun = [rows.say("task", "Go"), rows.request(4, 3, 9_000), rows.say("text", "I loo", partial=True)]
    task.write(begun)
    other = TaskFolder(task.root, str(int(task.task) + 1))
    other.write([rows.say("task", "Go too"), rows.request(5, 50, 9_000), rows.say("completion_result", "Done")])
    command.wait_for(lambda lines: len(lines) == 1)
    request = {**begun[1], "text": begun[1]["text"].replace('"tokensOut": 3', '"tokensOut": 43')}
    task.write([begun[0], request, rows.say("text", "I look."), rows.say("completion_result", "Done")])
    command.wait_for(lambda lines: len(lines) == 2)
    other.write([rows.say("task", "Go too"), rows.request(6, 60, 9_000), rows.say("completion_result", "Done")])
    command.wait_for(lambda lines: len(lines) == 3)
    assert [json.loads(line)["output"] for line in command.lines] == [50, 43, 60]
    assert command.end() == 0
