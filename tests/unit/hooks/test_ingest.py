"""What hooks start in the background: the ledger has every recorded call while the session goes on, and at its end."""

import json
import os
import sqlite3
import threading
import time
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hooks import entry, ingest
from hooks.advice import read_advice
from hooks.spool import append
from hooks.spool_reader import is_empty
from hooks.status_sample import spool_record
from store.damage import damaged_ledgers
from store.samples import StatusSample
from tests.unit.advisor.transcripts import Transcript
from tests.unit.hooks.program import payload_of, run, run_hook, wait_for_rest, wait_until
from tests.unit.ledger.damage import damage_page_of
from tests.unit.ledger.plain import answer, encoded
from tracker.ingest import sync

SESSION = "5ea3b8df-6152-4ad5-8613-924a74cb2bd4"


def line(number: int) -> str:
    return encoded(answer(number, SESSION)).decode()


@pytest.fixture
def transcript(tmp_path: Path) -> Path:
    """A transcript of one answer, in a Claude Code folder that is nobody's default."""
    path = tmp_path / "claude" / "projects" / "-home-dev-project" / f"{SESSION}.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(line(1))
    return path


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ingest in this process, which waits for late lines for a moment only."""
    monkeypatch.setattr(os, "nice", lambda _steps: 0)
    monkeypatch.setattr(ingest, "LINGER_SECONDS", 0.3)


def calls(home: Path) -> int:
    if not (home / "ledger.db").exists():
        return 0
    db = sqlite3.connect(home / "ledger.db")
    try:
        return int(db.execute("SELECT COUNT(*) FROM call").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        db.close()


def test_the_end_of_a_turn_brings_its_calls_into_the_ledger(isolated_home: Path, transcript: Path) -> None:
    done = run_hook(payload_of("Stop", session_id=SESSION, transcript_path=str(transcript)), isolated_home)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    wait_until(lambda: calls(isolated_home) == 1)
    wait_for_rest(isolated_home)
    assert is_empty(str(isolated_home))
    assert not (isolated_home / "logs" / "hook.log").exists()


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "words",
    [
        '[display]\ntheme = "blue"\n',
        '[statusline]\nformat = "{tasks}"\n',
        '[nudges]\nkinds = ["compakt"]\n',
        "[budget]\nyear = 100\n",
        "[of_a_newer_version]\nkey = 1\n",
        '[plan]\ntax = "none"\n',
        "[privacy]\nprompt_char = 0\n",
    ],
)
def test_a_word_in_the_settings_that_does_nothing_keeps_no_call_from_the_ledger(
    words: str, isolated_home: Path, transcript: Path
) -> None:
    isolated_home.mkdir(exist_ok=True)
    (isolated_home / "settings.toml").write_text(words)
    append(str(isolated_home), {"event": "Stop", "at": 1, "transcript_path": str(transcript)})
    assert ingest.main(str(isolated_home), []) == 0
    assert calls(isolated_home) == 1
    assert not (isolated_home / "logs" / "hook.log").exists()


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", ["settings.toml", "prices.toml"])
def test_a_file_of_the_users_that_cannot_be_used_at_all_keeps_no_call_from_the_ledger_and_is_named_in_the_log(
    name: str, isolated_home: Path, transcript: Path
) -> None:
    isolated_home.mkdir(exist_ok=True)
    (isolated_home / name).write_text("month = \n")
    append(str(isolated_home), {"event": "Stop", "at": 1, "transcript_path": str(transcript)})
    assert ingest.main(str(isolated_home), []) == 0
    assert calls(isolated_home) == 1
    assert is_empty(str(isolated_home))
    line, *_ = (isolated_home / "logs" / "hook.log").read_text().splitlines()
    at, said = line.split(" ", 1)
    assert datetime.now(UTC) - datetime.fromisoformat(at) < timedelta(minutes=5)
    assert said.startswith(f"ingest: cannot read {isolated_home / name}: ")


def test_a_line_that_follows_its_stop_is_waited_for_off_the_hooks_path(isolated_home: Path, transcript: Path) -> None:
    run_hook(payload_of("Stop", session_id=SESSION, transcript_path=str(transcript)), isolated_home)
    wait_until(lambda: calls(isolated_home) == 1)
    with transcript.open("a") as handle:
        handle.write(line(2))
    wait_until(lambda: calls(isolated_home) == 2, seconds=5)
    wait_for_rest(isolated_home)


def test_a_turn_that_ends_during_an_ingest_is_ingested_too(isolated_home: Path, transcript: Path) -> None:
    payload = payload_of("Stop", session_id=SESSION, transcript_path=str(transcript))
    for number in range(2, 8):
        run_hook(payload, isolated_home)
        with transcript.open("a") as handle:
            handle.write(line(number))
        time.sleep(0.3)
    run_hook(payload, isolated_home)
    wait_until(lambda: calls(isolated_home) == 7)
    wait_for_rest(isolated_home)
    assert is_empty(str(isolated_home))


@pytest.mark.usefixtures("here")
def test_a_compaction_that_waits_for_the_users_slow_hooks_is_ingested(
    isolated_home: Path, transcript: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "COMPACTION_SECONDS", 2.0)
    payload = json.dumps({"session_id": SESSION, "transcript_path": str(transcript), "source": "compact"}).encode()
    monkeypatch.setattr("hooks.entry.read_input", lambda: payload)
    monkeypatch.setattr("hooks.background.start_ingest", lambda _home, **_given: None)
    entry.main(["SessionStart", "--home", str(isolated_home)])
    append(str(isolated_home), {"event": "Stop", "at": 1, "transcript_path": str(transcript)})
    late = threading.Timer(1.0, transcript.write_text, [line(1) + line(2)])
    late.start()
    assert ingest.main(str(isolated_home), []) == 0
    late.join()
    assert calls(isolated_home) == 2


@pytest.mark.usefixtures("here")
def test_an_event_at_the_very_end_of_an_ingest_is_ingested_too(
    isolated_home: Path, transcript: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = [line(2), line(3)]

    def linger(home: str, _transcripts: object) -> None:
        if late:
            with transcript.open("a") as handle:
                handle.write(late.pop(0))
            append(home, {"event": "Stop", "at": 1, "transcript_path": str(transcript)})

    monkeypatch.setattr(ingest, "_linger", linger)
    append(str(isolated_home), {"event": "Stop", "at": 1, "transcript_path": str(transcript)})
    assert ingest.main(str(isolated_home), []) == 0
    assert calls(isolated_home) == 3
    assert is_empty(str(isolated_home))


@pytest.mark.usefixtures("here")
def test_a_line_written_just_after_its_file_was_read_is_ingested_too(
    isolated_home: Path, transcript: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = [line(2)]
    really_sync = sync

    def sync_and_write(*given: Any, **options: Any) -> Any:
        report = really_sync(*given, **options)
        if late:
            with transcript.open("a") as handle:
                handle.write(late.pop())
        return report

    monkeypatch.setattr("tracker.ingest.sync", sync_and_write)
    append(str(isolated_home), {"event": "Stop", "at": 1, "transcript_path": str(transcript)})
    assert ingest.main(str(isolated_home), []) == 0
    assert calls(isolated_home) == 2


def test_the_end_of_a_session_is_in_the_ledger_when_its_hook_returns(isolated_home: Path, transcript: Path) -> None:
    payload = payload_of("SessionEnd", session_id=SESSION, transcript_path=str(transcript))
    began = time.monotonic()
    assert run_hook(payload, isolated_home).returncode == 0
    took = time.monotonic() - began
    assert (
        calls(isolated_home) == 1 or took >= 1.0
    )  # a slow machine: the hook leaves after its second, the rest goes on
    wait_until(lambda: calls(isolated_home) == 1)
    wait_for_rest(isolated_home)


def test_session_end_waits_for_the_running_ingest_but_not_for_ever(home: Path, transcript: Path) -> None:
    payload = payload_of("SessionEnd", session_id=SESSION, transcript_path=str(transcript))
    began = time.monotonic()
    assert run_hook(payload, home).returncode == 0
    assert 1.0 <= time.monotonic() - began < 4.0
    assert calls(home) == 0


def test_no_hook_ingests_while_a_watcher_runs(home: Path, transcript: Path) -> None:
    run_hook(payload_of("Stop", session_id=SESSION, transcript_path=str(transcript)), home)
    time.sleep(0.5)
    assert not (home / "ledger.db").exists()


def test_hooks_alone_write_show_and_record_a_nudge(isolated_home: Path, tmp_path: Path) -> None:
    """As with a watcher: after a turn its nudge lies ready, the next prompt shows it, and the log says so."""
    one = Transcript(tmp_path / "claude", start_ms=int(time.time() * 1000) - 200_000)
    one.prompt("go").tool_turns(list(range(30_000, 113_000, 7_000)))
    payload = {"session_id": one.session, "transcript_path": str(one.path)}
    run_hook(payload_of("Stop", **payload), isolated_home)
    wait_until(lambda: bool(read_advice(str(isolated_home), one.session)))
    wait_for_rest(isolated_home)
    advice = read_advice(str(isolated_home), one.session)
    assert advice["task_cost_nano"]
    shown = json.loads(run_hook(payload_of("UserPromptSubmit", **payload), isolated_home).stdout)
    assert shown["systemMessage"].startswith("Compact now if you go on, 107k of context: ")
    with closing(sqlite3.connect(isolated_home / "ledger.db")) as db:
        noted = "SELECT text FROM nudge WHERE shown_at"
        wait_until(lambda: db.execute(noted).fetchall() == [(shown["systemMessage"],)])
        wait_for_rest(isolated_home)
        assert db.execute("SELECT COUNT(*) FROM habit").fetchone() == (1,)
    assert not (isolated_home / "logs" / "hook.log").exists()


def test_a_damaged_ledger_is_replaced_by_the_ingest_that_meets_it(isolated_home: Path, transcript: Path) -> None:
    path = isolated_home / "ledger.db"
    transcript.write_text("".join(line(number) for number in range(1, 60)))
    append(str(isolated_home), {"event": "Stop", "at": 1, "transcript_path": str(transcript)})
    run(["hook", "ingest"], b"", isolated_home, flags=("-I",))
    assert calls(isolated_home) == 59
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    damage_page_of(path, b"msg_59")
    append(str(isolated_home), {"event": "Stop", "at": 1, "transcript_path": str(transcript)})
    transcript.write_text(line(60) + transcript.read_text())
    for _ in range(2):
        run(["hook", "ingest"], b"", isolated_home, flags=("-I",))
    assert calls(isolated_home) == 60
    assert len(damaged_ledgers(path)) == 1


def test_samples_that_waited_in_the_spool_reach_the_ledger(isolated_home: Path, transcript: Path) -> None:
    append(str(isolated_home), spool_record(StatusSample(SESSION, 1_795_000_000_000, 5_000_000, None)))
    run_hook(payload_of("Stop", session_id=SESSION, transcript_path=str(transcript)), isolated_home)
    wait_until(lambda: calls(isolated_home) == 1)
    wait_for_rest(isolated_home)
    db = sqlite3.connect(isolated_home / "ledger.db")
    assert db.execute("SELECT source, cost FROM client_total").fetchall() == [("statusline", 5_000_000)]
    db.close()


def test_an_ingest_that_cannot_write_says_so_and_keeps_the_spool(isolated_home: Path, transcript: Path) -> None:
    isolated_home.mkdir(parents=True)
    (isolated_home / "ledger.db").mkdir()
    append(str(isolated_home), {"event": "Stop", "at": 1, "transcript_path": str(transcript)})
    done = run(["hook", "ingest"], b"", isolated_home, flags=("-I",))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    said = (isolated_home / "logs" / "hook.log").read_text()
    assert "ingest LedgerError" in said
    assert f"cannot open the ledger {isolated_home / 'ledger.db'}: unable to open database file" in said
    assert not is_empty(str(isolated_home))


def test_the_background_process_gets_nothing_of_the_clients_secrets(isolated_home: Path, transcript: Path) -> None:
    payload = payload_of("Stop", session_id=SESSION, transcript_path=str(transcript))
    secrets = {"CLAUDE_CODE_MESSAGING_TOKEN": "token", "ANTHROPIC_API_KEY": "secret-key"}
    run(["hook", "Stop"], payload, isolated_home, variables=secrets)
    for process in Path("/proc").glob("[0-9]*"):  # none where the system has no such folder
        with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            words = (process / "cmdline").read_bytes()
            if b"hook\0ingest" in words and os.fsencode(isolated_home) in words:
                assert b"secret-key" not in (process / "environ").read_bytes()
                assert os.getsid(int(process.name)) == int(process.name)
    wait_until(lambda: calls(isolated_home) == 1)
    wait_for_rest(isolated_home)
